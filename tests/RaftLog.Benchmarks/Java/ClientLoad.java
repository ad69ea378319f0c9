import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The loads of the benchmark "clients" with Kafka's Java client. Says in one line: seconds, seconds of processor, milliseconds of half and
 * of 99 of 100 single calls.
 */
public final class ClientLoad {
    private static final int WARM_UP = 200;
    private static long started;
    private static long processor;

    public static void main(String[] args) throws Exception {
        String load = args[0], bootstrap = args[1], topic = args[2], acks = args[5];
        int records = Integer.parseInt(args[3]);
        byte[] value = new byte[Integer.parseInt(args[4])];
        if (load.equals("consume")) {
            consume(bootstrap, topic, records);
            return;
        }

        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("acks", acks);
        config.put("enable.idempotence", acks.equals("all"));
        config.put("linger.ms", load.equals("produce") ? 5 : 0);
        config.put("batch.size", 1 << 20);
        config.put("max.request.size", 2 << 20);
        config.put("buffer.memory", 256L << 20);
        if (load.equals("transactions")) {
            config.put("transactional.id", topic);
        }

        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            switch (load) {
                case "produce" -> produce(producer, topic, records, value);
                case "await" -> await(producer, topic, records, value);
                default -> transact(producer, topic, records, value);
            }
        }
    }

    private static void produce(KafkaProducer<byte[], byte[]> producer, String topic, int records, byte[] value) throws Exception {
        AtomicLong failed = new AtomicLong();
        producer.send(new ProducerRecord<>(topic, value)).get();
        begin();
        for (int i = 1; i < records; i++) {
            producer.send(new ProducerRecord<>(topic, value), (metadata, failure) -> failed.addAndGet(failure == null ? 0 : 1));
        }

        producer.flush();
        say(new double[] {0});
        if (failed.get() > 0) {
            throw new IllegalStateException(failed + " records were not acknowledged");
        }
    }

    private static void await(KafkaProducer<byte[], byte[]> producer, String topic, int records, byte[] value) throws Exception {
        double[] times = new double[records];
        for (int i = 0; i < records; i++) {
            if (i == WARM_UP) {
                begin();
            }

            long start = System.nanoTime();
            producer.send(new ProducerRecord<>(topic, value)).get();
            times[i] = (System.nanoTime() - start) / 1e6;
        }

        say(Arrays.copyOfRange(times, WARM_UP, records));
    }

    private static void transact(KafkaProducer<byte[], byte[]> producer, String topic, int records, byte[] value) {
        double[] times = new double[records];
        producer.initTransactions();
        begin();
        for (int i = 0; i < records; i++) {
            long start = System.nanoTime();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, value));
            producer.commitTransaction();
            times[i] = (System.nanoTime() - start) / 1e6;
        }

        say(times);
    }

    private static void consume(String bootstrap, String topic, int records) {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("enable.auto.commit", false);
        config.put("auto.offset.reset", "earliest");
        config.put("fetch.max.bytes", 64 << 20);
        config.put("max.poll.records", 100_000);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            int partitions = consumer.partitionsFor(topic).size();
            consumer.assign(IntStream.range(0, partitions).mapToObj(partition -> new TopicPartition(topic, partition)).toList());
            consumer.seekToBeginning(consumer.assignment());
            begin();
            for (int read = 0; read < records; ) {
                read += consumer.poll(Duration.ofMinutes(1)).count();
            }

            say(new double[] {0});
        }
    }

    private static void begin() {
        started = System.nanoTime();
        processor = processorTime();
    }

    private static void say(double[] times) {
        double seconds = (System.nanoTime() - started) / 1e9;
        double used = (processorTime() - processor) / 1e9;
        Arrays.sort(times);
        System.out.println(seconds + " " + used + " " + times[times.length / 2] + " " + times[times.length * 99 / 100]);
    }

    private static long processorTime() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
