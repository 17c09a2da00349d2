// Runs Kafka's command line classes one after another in one JVM: a JSON line {"class", "args", "stdin"}
// is answered by {"event": "done", "exit", "out", "err"}.
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Exit;

public final class Tools {
    /** Ends a tool's run where it wanted to end the process. */
    static final class Ended extends Error {}

    /**
     * What the process would have left behind: some tools catch the error above, complain about it and
     * end again.
     */
    static final class End {
        Integer code;
        int out;
        int err;
    }

    static End end = new End();
    static ByteArrayOutputStream out = new ByteArrayOutputStream();
    static ByteArrayOutputStream err = new ByteArrayOutputStream();

    static void end(int code) {
        if (end.code == null) {
            end.code = code;
            end.out = out.size();
            end.err = err.size();
        }
        throw new Ended();
    }

    /** Tools with argparse4j call System.exit themselves. */
    @SuppressWarnings("removal")
    static final class NoExit extends SecurityManager {
        @Override
        public void checkExit(int code) {
            end(code);
        }

        @Override
        public void checkPermission(java.security.Permission permission) {}
    }

    @SuppressWarnings("removal")
    public static void main(String[] args) throws Exception {
        ObjectMapper json = new ObjectMapper();
        PrintStream answers = System.out;
        PrintStream errors = System.err;
        // the logger opens standard error at its first use, which must not be a tool's captured one
        org.slf4j.LoggerFactory.getLogger(Tools.class).debug("ready");
        Exit.setExitProcedure((code, message) -> end(code));
        Exit.setHaltProcedure((code, message) -> end(code));
        System.setSecurityManager(new NoExit());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode command = json.readTree(line);
            List<String> words = new ArrayList<>();
            command.get("args").forEach(word -> words.add(word.asText()));
            out = new ByteArrayOutputStream();
            err = new ByteArrayOutputStream();
            end = new End();
            byte[] typed = command.path("stdin").asText("").getBytes(StandardCharsets.UTF_8);
            System.setIn(new ByteArrayInputStream(typed));
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
            List<Runnable> hooks = new ArrayList<>();
            Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
            int code = run(command.get("class").asText(), words.toArray(new String[0]));
            System.setOut(answers);
            System.setErr(errors);
            ObjectNode event = json.createObjectNode().put("event", "done").put("exit", code);
            boolean ended = end.code != null;
            event.put("out", text(out, ended ? end.out : out.size()));
            event.put("err", text(err, ended ? end.err : err.size()));
            answers.println(event);
            answers.flush();
        }
    }

    static int run(String name, String[] args) throws Exception {
        try {
            Method main = Class.forName(name).getMethod("main", String[].class);
            main.invoke(null, (Object) args);
        } catch (ClassNotFoundException error) {
            System.err.println(error);
            return -1;
        } catch (InvocationTargetException error) {
            if (end.code == null) {
                error.getCause().printStackTrace();
                return 1;
            }
        }
        return end.code == null ? 0 : end.code;
    }

    static String text(ByteArrayOutputStream stream, int size) {
        return new String(stream.toByteArray(), 0, size, StandardCharsets.UTF_8);
    }

    private Tools() {}
}
