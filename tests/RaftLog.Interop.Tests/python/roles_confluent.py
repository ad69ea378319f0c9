"""The roles with confluent-kafka; works with the old 1.7 of Debian 12."""
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from roles import complain, is_stopped, key_of, show, values


def produce(bootstrap, topic):
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 5})
    failed = []
    for value in values():
        while True:
            try:
                producer.produce(topic, value, key_of(value), on_delivery=lambda error, _: error and failed.append(error))
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    left = producer.flush(120)
    if failed or left:
        raise SystemExit(f"{len(failed)} records failed, the first with {failed[:1]}; {left} were not sent")


def reader(bootstrap, group, topic):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
                         "isolation.level": "read_committed", "session.timeout.ms": 6000, "heartbeat.interval.ms": 1000})
    consumer.subscribe([topic])
    return consumer


def records(consumer, seconds):
    """What came; errors of the connection pass, and the library goes on by itself."""
    batch = []
    for message in consumer.consume(500, seconds):
        if message.error():
            complain(message.error())
        else:
            batch.append(message)
    return batch


def member(bootstrap, group, topic):
    consumer = reader(bootstrap, group, topic)
    while not is_stopped():
        batch = records(consumer, 0.2)
        for each in batch:
            show(each.partition(), each.offset(), each.key(), each.value())
        if batch:
            print(end="", flush=True)
            try:
                consumer.commit(asynchronous=False)
            except KafkaException as error:
                complain(error)
    consumer.close()


def transform(bootstrap, name, source, target, count):
    consumer = reader(bootstrap, name, source)

    def begin():
        producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": name, "transaction.timeout.ms": 30000})
        producer.init_transactions(60)
        return producer

    def committed(partitions):
        return [each for each in consumer.committed(partitions, 30) if each.offset >= 0 or setattr(each, "offset", 0) is None]

    def rewind():
        places = committed(consumer.assignment())
        for place in places:
            consumer.seek(place)

    def total():
        return sum(each.offset for each in committed(consumer.assignment()))

    producer = begin()
    copied = turn = 0
    while copied < int(count):
        batch = records(consumer, 0.5)
        if not batch:
            continue
        turn += 1
        try:
            producer.begin_transaction()
            for each in batch:
                producer.produce(target, each.value(), each.key(), on_delivery=lambda *_: None)
            producer.send_offsets_to_transaction(consumer.position(consumer.assignment()), consumer.consumer_group_metadata(), 30)
            if turn % 5 == 0:
                producer.abort_transaction(30)
                print("aborted", flush=True)
                rewind()
                continue
            producer.commit_transaction(30)
            copied += len(batch)
            print("committed", len(batch), flush=True)
        except KafkaException as failure:
            error = failure.args[0]
            print("failed", error.code(), error.str(), flush=True)
            if error.txn_requires_abort() or error.code() != KafkaError._FATAL:
                try:
                    producer.abort_transaction(30)
                except KafkaException as again:
                    complain(again)
            producer = begin()
            rewind()
            copied = total()
    consumer.close()
