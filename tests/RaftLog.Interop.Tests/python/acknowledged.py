"""acknowledged.py BOOTSTRAP TOPIC COUNT: produces 0 to COUNT-1 with an idempotent producer and prints each number once it is acknowledged."""
import sys

from confluent_kafka import Producer

bootstrap, topic, count = sys.argv[1], sys.argv[2], int(sys.argv[3])


def acknowledged(error, message):
    if error is None:
        print(message.value().decode(), flush=True)
    else:
        print(error, file=sys.stderr, flush=True)


producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 1, "reconnect.backoff.max.ms": 500})
for i in range(count):
    producer.produce(topic, value=str(i), on_delivery=acknowledged)
    producer.poll(0.0002)
sys.exit(1 if producer.flush(90) else 0)
