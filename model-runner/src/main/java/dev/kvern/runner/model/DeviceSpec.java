package dev.kvern.runner.model;

import dev.kvern.rpc.KvernException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a model runs.
 *
 * @param cuda on a CUDA device rather than the CPU
 * @param index which CUDA device, from 0; 0 for the CPU
 */
public record DeviceSpec(boolean cuda, int index) {
    public static final DeviceSpec CPU = new DeviceSpec(false, 0);
    private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,3}))?");

    /**
     * Reads "cpu", "cuda" (the first device) or "cuda:N".
     *
     * @throws KvernException MISCONFIGURED for anything else
     */
    public static DeviceSpec parse(String text) {
        if (text.equals("cpu")) {
            return CPU;
        }
        Matcher matcher = CUDA.matcher(text);
        if (!matcher.matches()) {
            throw KvernException.misconfigured("device", "'" + text + "'", "cpu, cuda or cuda:N");
        }
        return new DeviceSpec(true, matcher.group(1) == null ? 0 : Integer.parseInt(matcher.group(1)));
    }

    /** PyTorch's name for it. */
    @Override
    public String toString() {
        return cuda ? "cuda:" + index : "cpu";
    }
}
