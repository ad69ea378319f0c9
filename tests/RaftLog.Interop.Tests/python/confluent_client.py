"""confluent_client.py BOOTSTRAP TOPIC COUNT: produces, reads back with assigned partitions, prints what came back as JSON."""
import json
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

bootstrap, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
failed = []
producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "compression.type": "lz4"})
for i in range(count):
    producer.produce(topic, key=f"k{i}", value=f"v{i}", headers={"n": str(i)}, on_delivery=lambda e, m: e and failed.append(str(e)))
    producer.poll(0)
left = producer.flush(60)

consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "enable.auto.commit": False})
partitions = consumer.list_topics(topic, 30).topics[topic].partitions
consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
ends = sum(consumer.get_watermark_offsets(TopicPartition(topic, p), 30)[1] for p in partitions)
seen = []
silent = 0
while len(seen) < ends and silent < 30:
    message = consumer.poll(1)
    if message is None or message.error():
        silent += 1
        continue
    silent = 0
    seen.append((message.key().decode(), message.value().decode(), message.headers()[0][1].decode()))
consumer.close()
expected = {(f"k{i}", f"v{i}", str(i)) for i in range(count)}
print(json.dumps({"failed": failed, "left": left, "whole": set(seen) == expected, "once": len(seen) == count}))
