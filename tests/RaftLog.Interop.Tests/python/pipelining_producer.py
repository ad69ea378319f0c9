"""pipelining_producer.py BOOTSTRAP TOPIC SECONDS: produces numbered records with an idempotent producer that keeps several requests under way, reads
all partitions back, and prints how many were acknowledged, came back twice, are missing, or stand before an earlier one of their partition, as JSON."""
import json
import sys
import time
from collections import Counter

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition

bootstrap, topic, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 2, "batch.num.messages": 20,
                     "max.in.flight": 5, "reconnect.backoff.max.ms": 200, "retry.backoff.ms": 20, "message.timeout.ms": 120000})
partitions = sorted(producer.list_topics(topic, 30).topics[topic].partitions)
acknowledged, failed = set(), []


def decided(error, message):
    acknowledged.add(int(message.value())) if error is None else failed.append(str(error))


end, number = time.monotonic() + seconds, 0
while time.monotonic() < end:
    try:
        producer.produce(topic, value=str(number), partition=partitions[number % len(partitions)], on_delivery=decided)
        number += 1
    except BufferError:
        producer.poll(0.01)
    producer.poll(0.0002)
left = producer.flush(120)

consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False})
deadline = time.monotonic() + 60


def end_of(partition):
    while True:
        try:
            return consumer.get_watermark_offsets(TopicPartition(topic, partition), 30)[1]
        except KafkaException:
            # Leaders move on, and librdkafka does not ask again where it asked one that leads no more.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


ends = sum(end_of(p) for p in partitions)
consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
seen, last, disordered, silent = Counter(), {}, 0, 0
while sum(seen.values()) < ends and silent < 30:
    message = consumer.poll(1)
    if message is None or message.error():
        silent += 1
        continue
    silent, value = 0, int(message.value())
    disordered += value < last.get(message.partition(), -1)
    last[message.partition()] = value
    seen[value] += 1
consumer.close()
print(json.dumps({"sent": number, "acknowledged": len(acknowledged), "failed": failed[:5], "left": left, "disordered": disordered,
                  "missing": len(acknowledged - seen.keys()), "twice": sum(n - 1 for n in seen.values())}))
