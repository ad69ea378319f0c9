"""kafka_python_client.py BOOTSTRAP TOPIC COUNT: produces, reads back with assigned partitions, prints what came back as JSON."""
import json
import sys

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

bootstrap, topic, count = sys.argv[1].split(","), sys.argv[2], int(sys.argv[3])
producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", compression_type="gzip")
sent = [producer.send(topic, key=b"k%d" % i, value=b"v%d" % i, headers=[("n", b"%d" % i)]) for i in range(count)]
producer.flush(60)
failed = [str(f.exception) for f in sent if f.failed()]
left = sum(not f.is_done for f in sent)
producer.close()

consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest", consumer_timeout_ms=30000)
partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
consumer.assign(partitions)
consumer.seek_to_beginning(*partitions)
ends = sum(consumer.end_offsets(partitions).values())
seen = []
while len(seen) < ends:
    record = next(consumer, None)
    if record is None:
        break
    seen.append((record.key, record.value, record.headers[0][1]))
consumer.close()
expected = {(b"k%d" % i, b"v%d" % i, b"%d" % i) for i in range(count)}
print(json.dumps({"failed": failed, "left": left, "whole": set(seen) == expected, "once": len(seen) == count}))
