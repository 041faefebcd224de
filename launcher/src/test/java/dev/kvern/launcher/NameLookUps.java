package dev.kvern.launcher;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;

/** Prints what each line's name stands for now, as a service would find it. */
final class NameLookUps {
    private NameLookUps() {}

    public static void main(String[] args) throws IOException {
        NameCache.keepShort();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String name = in.readLine(); name != null; name = in.readLine()) {
            try {
                System.out.println(InetAddress.getByName(name).getHostAddress());
            } catch (UnknownHostException e) {
                System.out.println("none");
            }
        }
    }
}
