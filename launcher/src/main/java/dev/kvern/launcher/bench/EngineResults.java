package dev.kvern.launcher.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What {@code bench engine} has measured, and the rows that it comes to. Confined to a thread. */
final class EngineResults {
    static final String READ = "memory read";
    static final String PRODUCT = "matrix product";
    static final String DIVERGENCE = "divergence from fp32";
    static final String AGREEMENT = "greedy agreement with fp32";
    static final String SAME_TOKENS = "tokens like the peer's";
    static final String LIMIT_SHARE = "limit_share";

    private static final String MACHINE = "torch";

    private final ModelCost cost;
    private final BenchRows rows;

    /** Seconds by work and contender. */
    private final Map<EngineWork, Map<String, List<Double>>> seconds = new LinkedHashMap<>();

    private final List<Double> readRates = new ArrayList<>();
    private final Map<String, List<Double>> productRates = new TreeMap<>();

    /** What of a contender is needed when it is gone. */
    private record Known(String type, int kvBytesPerToken) {}

    /** By name, in the order in which they are to be told. */
    private final Map<String, Known> contenders = new LinkedHashMap<>();

    /** By Kvern's name: its peer's. */
    private final Map<String, String> peers = new LinkedHashMap<>();

    private final Map<String, FormatQuality.Result> qualities = new LinkedHashMap<>();
    private final Map<String, List<Double>> sameTokens = new LinkedHashMap<>();

    /** @param works in the order in which they are to be told */
    EngineResults(List<EngineWork> works, ModelCost cost, Map<String, Object> setting) {
        works.forEach(work -> seconds.put(work, new LinkedHashMap<>()));
        this.cost = cost;
        this.rows = new BenchRows("engine", setting);
    }

    void loaded(Contender contender) {
        contenders.put(contender.name(), new Known(contender.type(), contender.kvBytesPerToken()));
    }

    void compared(String own, String peer) {
        peers.put(own, peer);
    }

    void time(EngineWork work, String contender, double took) {
        seconds.computeIfAbsent(work, w -> new LinkedHashMap<>())
                .computeIfAbsent(contender, c -> new ArrayList<>())
                .add(took);
    }

    void readRate(double bytesPerSecond) {
        readRates.add(bytesPerSecond);
    }

    void productRate(String type, double flops) {
        productRates.computeIfAbsent(type, t -> new ArrayList<>()).add(flops);
    }

    void quality(String contender, FormatQuality.Result quality) {
        qualities.put(contender, quality);
    }

    /** Notes what part of each of the first's answers the second begins with too. */
    void tokens(String contender, List<List<Integer>> own, List<List<Integer>> others) {
        List<Double> shares = sameTokens.computeIfAbsent(contender, c -> new ArrayList<>());
        for (int i = 0; i < own.size(); i++) {
            List<Integer> other = i < others.size() ? others.get(i) : List.of();
            shares.add((double) sameBeginning(own.get(i), other) / own.get(i).size());
        }
    }

    private static int sameBeginning(List<Integer> one, List<Integer> other) {
        int same = 0;
        while (same < Math.min(one.size(), other.size()) && one.get(same).equals(other.get(same))) {
            same++;
        }
        return same;
    }

    /** To be called once, at the end. */
    BenchRows rows() {
        rows.add(rows.row(READ, MACHINE, "GB/s", new Samples(readRates).map(rate -> rate / 1e9)));
        productRates.forEach((type, rates) -> rows.add(
                rows.row(PRODUCT, MACHINE + " " + type, "GFLOP/s", new Samples(rates).map(rate -> rate / 1e9))));
        seconds.forEach((work, byContender) -> contenders.forEach((name, known) -> {
            List<Double> times = byContender.get(name);
            if (times != null) {
                Optional<List<Double>> peer =
                        Optional.ofNullable(peers.get(name)).map(byContender::get);
                rows.add(row(work, name, known, times, peer));
            }
        }));
        sameTokens.forEach(
                (contender, shares) -> rows.add(rows.row(SAME_TOKENS, contender, "share", new Samples(shares))));
        qualities.forEach((contender, result) -> {
            rows.add(rows.row(DIVERGENCE, contender, "nats", new Samples(List.of(result.meanDivergence())))
                    .with("largest", result.maxDivergence())
                    .with("positions", result.positions()));
            double share = (double) result.agreements() / result.positions();
            rows.add(rows.row(AGREEMENT, contender, "share", new Samples(List.of(share)))
                    .with("positions", result.positions()));
        });
        return rows;
    }

    private BenchRow row(
            EngineWork work, String name, Known known, List<Double> times, Optional<List<Double>> peerTimes) {
        Samples rates = rates(work, times);
        BenchRow row = rows.row(work.name(), name, "tokens/s", rates);
        if (peerTimes.isPresent()) {
            Samples peer = rates(work, peerTimes.get());
            row = row.withRatio(rates.over(peer), rates.median() / peer.median());
        }
        double share = limitShare(work, known, rates.median());
        return share > 0 ? row.with(LIMIT_SHARE, share) : row;
    }

    private static Samples rates(EngineWork work, List<Double> times) {
        return new Samples(times).map(time -> work.countedTokens() / time);
    }

    /** What part of the machine's own rate that is; 0 for a batch, which is now bound by this and now by that. */
    private double limitShare(EngineWork work, Known contender, double tokensPerSecond) {
        String type = contender.type();
        EngineWork.Request first = work.requests().get(0);
        return switch (work.kind()) {
            case BATCH -> 0;
            case PREFILL -> {
                double seconds = work.countedTokens() / tokensPerSecond;
                double rate = productRates.entrySet().stream()
                        .filter(e ->
                                !productRates.containsKey(type) || e.getKey().equals(type))
                        .mapToDouble(e -> new Samples(e.getValue()).median())
                        .max()
                        .orElseThrow();
                yield cost.prefillOperations(work.countedTokens()) / seconds / rate;
            }
            case DECODE -> {
                double context = first.prompt().length + first.tokens() / 2.0;
                double bytes = cost.decodeBytes(type, contender.kvBytesPerToken(), context);
                yield bytes * tokensPerSecond / new Samples(readRates).median();
            }
        };
    }
}
