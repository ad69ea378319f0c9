import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * PROTOCOL member BOOTSTRAP GROUP TOPIC, where PROTOCOL is classic, range (classic, shared out by range) or consumer: the role of the same name of node/roles.js with Kafka's Java client. Reads in a group, prints
 * 'partition offset key value', commits what it has printed; SIGTERM ends it in order.
 */
public final class GroupMember {
    public static void main(String[] args) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", args[2]);
        config.put("group.id", args[3]);
        config.put("group.protocol", args[0].equals("consumer") ? "consumer" : "classic");
        if (!args[0].equals("consumer")) {
            String assignor = args[0].equals("range") ? "RangeAssignor" : "CooperativeStickyAssignor";
            config.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer." + assignor);
        }

        config.put("auto.offset.reset", "earliest");
        config.put("enable.auto.commit", false);
        KafkaConsumer<String, String> consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                main.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        consumer.subscribe(List.of(args[4]));
        try {
            while (true) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    System.out.println(record.partition() + " " + record.offset() + " " + record.key() + " " + record.value());
                }

                try {
                    consumer.commitSync();
                } catch (RebalanceInProgressException | CommitFailedException e) {
                    // What is not committed is read again by whoever has the partition next.
                    System.err.println(e);
                }
            }
        } catch (WakeupException e) {
            // The signal.
        } finally {
            consumer.close();
        }

        // The hook waits for this thread, and the exit status of a signal is not that of a failure.
        Runtime.getRuntime().halt(0);
    }
}
