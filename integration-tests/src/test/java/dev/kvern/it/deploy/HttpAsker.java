package dev.kvern.it.deploy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Asks by OpenAI's HTTP API, streaming, over connections that are kept. */
final class HttpAsker implements Asker {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** On which OpenAI's clients try again, as on 5xx. */
    private static final Set<Integer> PASSING = Set.of(408, 409, 429);

    private static final String EVENT = "data: ";

    private final ObjectMapper mapper = new ObjectMapper();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI address;

    HttpAsker(String host, int port) {
        address = URI.create("http://" + host + ":" + port + "/v1/completions");
    }

    @Override
    public String kind() {
        return "HTTP";
    }

    @Override
    public Answer ask(Question question) throws AskFailed {
        HttpResponse<Stream<String>> response;
        try {
            response = client.send(request(question), HttpResponse.BodyHandlers.ofLines());
        } catch (IOException e) {
            throw new AskFailed(true, e.toString(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AskFailed(false, e.toString(), e);
        }
        int status = response.statusCode();
        try (Stream<String> lines = response.body()) {
            if (status != 200) {
                String body = lines.collect(Collectors.joining("\n"));
                throw new AskFailed(status >= 500 || PASSING.contains(status), "HTTP " + status + ": " + body);
            }
            return answer(lines.iterator());
        } catch (UncheckedIOException e) {
            throw new AskFailed(false, e + " in the middle of an answer", e);
        }
    }

    private HttpRequest request(Question question) throws AskFailed {
        try {
            String body = mapper.writeValueAsString(Map.of(
                    "prompt",
                    question.tokens(),
                    "max_tokens",
                    question.answerTokens(),
                    "temperature",
                    0,
                    "ignore_eos",
                    true,
                    "stream",
                    true,
                    "stream_options",
                    Map.of("include_usage", true)));
            return HttpRequest.newBuilder(address)
                    .timeout(LIMIT)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build();
        } catch (JsonProcessingException e) {
            throw new AskFailed(false, e.toString(), e);
        }
    }

    private Answer answer(Iterator<String> lines) throws AskFailed {
        var text = new StringBuilder();
        JsonNode usage = mapper.missingNode();
        while (lines.hasNext()) {
            String line = lines.next();
            if (line.equals(EVENT + "[DONE]")) {
                return new Answer(
                        text.toString(),
                        List.of(),
                        usage.path("prompt_tokens").asInt(),
                        usage.at("/prompt_tokens_details/cached_tokens").asInt(),
                        0);
            }
            if (line.startsWith(EVENT)) {
                JsonNode event = parsed(line.substring(EVENT.length()));
                if (event.has("error")) {
                    throw new AskFailed(false, event.get("error").toString());
                }
                event.path("choices")
                        .forEach(choice -> text.append(choice.path("text").asText("")));
                usage = event.path("usage").isObject() ? event.get("usage") : usage;
            }
        }
        throw new AskFailed(false, "the stream ended without [DONE], after: " + text);
    }

    private JsonNode parsed(String json) throws AskFailed {
        try {
            return mapper.readTree(json);
        } catch (JsonProcessingException e) {
            throw new AskFailed(false, "not JSON: " + json, e);
        }
    }

    @Override
    public void close() {
        // The client ends with its last reference.
    }
}
