package dev.kvern.coordinator.stats;

import com.google.common.hash.Hashing;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The prefixes that requests share, as a tree of chains of blocks: where prompts part a chain ends and has a child for each way
 * on. Bounded: when there are too many chains the coldest that nothing follows goes. A chain is as hot as requests used it lately,
 * each counting half after ten minutes. Safe for use by several threads; guarded by this.
 */
public final class HotPrefixes {
    private static final double HALF_LIFE_MILLIS = TimeUnit.MINUTES.toMillis(10);
    private static final int MOST_TEXT = 120;
    private static final int ID_DIGITS = 24;

    private final int capacity;
    private final Map<NamespaceId, Chain> roots = new HashMap<>();
    private int size;
    private long revision;

    /**
     * A block of a prompt.
     *
     * @param text its start; empty where texts are not to be kept
     * @param tokens in it
     * @param reusedTokens of them, those that were not computed
     */
    public record Block(BlockDigest digest, String text, int tokens, int reusedTokens) {}

    /**
     * A chain that no prompt parts from.
     *
     * @param id of where it begins: no other chain's, and the same for as long as the chain is kept
     * @param model whose it is
     * @param fromToken its first token's place in the prompt
     * @param requests that had all of it
     * @param reusedTokens of all those requests together
     * @param lastMillis when one had it last, since the epoch
     * @param heat requests, older ones counting less
     * @param text its start
     * @param children the hottest first
     */
    public record Prefix(
            String id,
            String model,
            int fromToken,
            int tokens,
            long requests,
            long reusedTokens,
            long lastMillis,
            double heat,
            String text,
            List<Prefix> children) {}

    private static final class Link {
        private final BlockDigest digest;
        private final String text;
        private final int tokens;
        private long reusedTokens;

        private Link(Block block) {
            digest = block.digest();
            text = block.text();
            tokens = block.tokens();
        }
    }

    private static final class Chain {
        private final String model;
        private @Nullable Chain parent;
        private final List<Link> links = new ArrayList<>();
        private final Map<BlockDigest, Chain> children = new HashMap<>();
        private long requests;
        private long lastMillis;
        private double heat;

        private Chain(String model, @Nullable Chain parent) {
            this.model = model;
            this.parent = parent;
        }

        private BlockDigest first() {
            return links.get(0).digest;
        }

        private double heat(long nowMillis) {
            return heat * Math.pow(0.5, Math.max(0, nowMillis - lastMillis) / HALF_LIFE_MILLIS);
        }

        private void used(long nowMillis) {
            heat = heat(nowMillis) + 1;
            lastMillis = Math.max(lastMillis, nowMillis);
            requests++;
        }
    }

    /** @param capacity most chains kept */
    public HotPrefixes(int capacity) {
        this.capacity = capacity;
    }

    /** Changes whenever anything else does. */
    public synchronized long revision() {
        return revision;
    }

    /** Chains kept. */
    public synchronized int size() {
        return size;
    }

    /** Counts a request. */
    public synchronized void add(String model, NamespaceId namespace, List<Block> prompt, long nowMillis) {
        if (prompt.isEmpty()) {
            return;
        }
        revision++;
        Chain at = roots.computeIfAbsent(namespace, n -> new Chain(model, null));
        int done = 0;
        while (done < prompt.size()) {
            Chain next = at.children.get(prompt.get(done).digest());
            if (next == null) {
                next = new Chain(model, at);
                for (Block block : prompt.subList(done, prompt.size())) {
                    next.links.add(new Link(block));
                }
                at.children.put(next.first(), next);
                size++;
            } else {
                int shared = shared(next, prompt, done);
                if (shared < next.links.size()) {
                    next = split(next, shared);
                }
            }
            next.used(nowMillis);
            for (Link link : next.links) {
                link.reusedTokens += prompt.get(done++).reusedTokens();
            }
            at = next;
        }
        while (size > capacity) {
            removeColdest(nowMillis);
        }
    }

    private static int shared(Chain chain, List<Block> prompt, int from) {
        int most = Math.min(chain.links.size(), prompt.size() - from);
        int shared = 1;
        while (shared < most
                && chain.links
                        .get(shared)
                        .digest
                        .equals(prompt.get(from + shared).digest())) {
            shared++;
        }
        return shared;
    }

    /** Makes two of a chain; returns the first. All that had the second had the first. */
    private Chain split(Chain chain, int at) {
        Chain parent = parentOf(chain);
        var head = new Chain(chain.model, parent);
        List<Link> leading = chain.links.subList(0, at);
        head.links.addAll(leading);
        leading.clear();
        head.requests = chain.requests;
        head.heat = chain.heat;
        head.lastMillis = chain.lastMillis;
        head.children.put(chain.first(), chain);
        chain.parent = head;
        parent.children.put(head.first(), head);
        size++;
        return head;
    }

    private static Chain parentOf(Chain chain) {
        if (chain.parent == null) {
            throw new IllegalStateException("a root has no parent");
        }
        return chain.parent;
    }

    private void removeColdest(long nowMillis) {
        Chain coldest = all().stream()
                .filter(chain -> chain.children.isEmpty())
                .min(Comparator.comparingDouble((Chain chain) -> chain.heat(nowMillis))
                        .thenComparingLong(chain -> chain.lastMillis))
                .orElseThrow();
        Chain parent = parentOf(coldest);
        parent.children.remove(coldest.first());
        size--;
        if (parent.parent == null && parent.children.isEmpty()) {
            roots.values().remove(parent);
        }
    }

    /** Every chain, parents before their children. */
    private List<Chain> all() {
        var all = new ArrayList<Chain>();
        roots.values().forEach(root -> all.addAll(root.children.values()));
        for (int i = 0; i < all.size(); i++) {
            all.addAll(all.get(i).children.values());
        }
        return all;
    }

    /** The hottest chains, at most {@code most}; those that hang together without a fork are one. */
    public synchronized List<Prefix> hottest(int most, long nowMillis) {
        // A parent is as hot as its child at least, and stands before it.
        Set<Chain> shown = new HashSet<>(all().stream()
                .sorted(Comparator.comparingDouble((Chain chain) -> -chain.heat(nowMillis)))
                .limit(most)
                .toList());
        var top = new ArrayList<Prefix>();
        roots.forEach((namespace, root) -> top.addAll(prefixes(namespace, root, 0, shown, nowMillis)));
        top.sort(Comparator.comparingDouble((Prefix prefix) -> -prefix.heat()));
        return top;
    }

    private static List<Prefix> prefixes(
            NamespaceId namespace, Chain of, int fromToken, Set<Chain> shown, long nowMillis) {
        return of.children.values().stream()
                .filter(shown::contains)
                .map(chain -> prefix(namespace, chain, fromToken, shown, nowMillis))
                .sorted(Comparator.comparingDouble((Prefix prefix) -> -prefix.heat()))
                .toList();
    }

    private static Prefix prefix(NamespaceId namespace, Chain chain, int fromToken, Set<Chain> shown, long nowMillis) {
        var links = new ArrayList<>(chain.links);
        Chain last = chain;
        while (last.children.size() == 1) {
            Chain only = last.children.values().iterator().next();
            if (only.requests != chain.requests || !shown.contains(only)) {
                break;
            }
            links.addAll(only.links);
            last = only;
        }
        int tokens = links.stream().mapToInt(link -> link.tokens).sum();
        var text = new StringBuilder();
        for (Link link : links) {
            if (text.length() >= MOST_TEXT) {
                break;
            }
            text.append(link.text);
        }
        return new Prefix(
                id(namespace, chain.first()),
                chain.model,
                fromToken,
                tokens,
                chain.requests,
                links.stream().mapToLong(link -> link.reusedTokens).sum(),
                last.lastMillis,
                chain.heat(nowMillis),
                text.toString(),
                prefixes(namespace, last, fromToken + tokens, shown, nowMillis));
    }

    /** Short, for pages: neither a namespace nor a digest leaves the coordinator by it. */
    private static String id(NamespaceId namespace, BlockDigest first) {
        return Hashing.sha256()
                .newHasher()
                .putString(namespace.toHex(), StandardCharsets.US_ASCII)
                .putString(first.toHex(), StandardCharsets.US_ASCII)
                .hash()
                .toString()
                .substring(0, ID_DIGITS);
    }
}
