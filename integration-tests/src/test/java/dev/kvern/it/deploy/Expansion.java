package dev.kvern.it.deploy;

import java.util.Map;

/**
 * References to variables in a container's command, arguments and environment, as Kubernetes expands them: {@code $(NAME)} is the
 * variable's value, stays as it is if there is none, and {@code $$} is {@code $}.
 *
 * @see <a href="https://github.com/kubernetes/kubernetes/blob/master/third_party/forked/golang/expansion/expand.go">expand.go</a>
 */
final class Expansion {
    private Expansion() {}

    static String expand(String text, Map<String, String> variables) {
        var expanded = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            char next = at + 1 < text.length() ? text.charAt(at + 1) : 0;
            int end = next == '(' ? text.indexOf(')', at + 2) : -1;
            if (c != '$') {
                expanded.append(c);
                at++;
            } else if (end >= 0) {
                String name = text.substring(at + 2, end);
                expanded.append(variables.getOrDefault(name, "$(" + name + ")"));
                at = end + 1;
            } else {
                expanded.append('$');
                at += next == '$' ? 2 : 1;
            }
        }
        return expanded.toString();
    }
}
