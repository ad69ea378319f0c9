"""Copies a topic to another one with transactions: python3 transformer.py BOOTSTRAP ID FROM TO COUNT

Each transaction holds up to 50 records and the positions of the group that reads them; every fifth one is aborted and its records are read again.
Says a line a transaction, and ends when COUNT records are copied.
"""
import sys

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

bootstrap, name, source, target, count = sys.argv[1:5] + [int(sys.argv[5])]
consumer = Consumer({
    "bootstrap.servers": bootstrap, "group.id": name, "isolation.level": "read_committed", "auto.offset.reset": "earliest",
    "enable.auto.commit": False})
consumer.subscribe([source])


def begin():
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": name, "transaction.timeout.ms": 30000})
    producer.init_transactions(60)
    return producer


def rewind():
    for place in consumer.committed(consumer.assignment(), 60):
        consumer.seek(TopicPartition(place.topic, place.partition, max(place.offset, 0)))


def repeated(call):
    while True:
        try:
            return call()
        except KafkaException as failure:
            if not failure.args[0].retriable():
                raise


producer = begin()
copied = turn = 0
while copied < count:
    batch = [record for record in consumer.consume(50, 1.0) if not record.error()]
    if not batch:
        continue
    turn += 1
    try:
        producer.begin_transaction()
        for record in batch:
            producer.produce(target, record.value(), record.key())
        repeated(lambda: producer.send_offsets_to_transaction(
            consumer.position(consumer.assignment()), consumer.consumer_group_metadata(), 60))
        if turn % 5 == 0:
            repeated(lambda: producer.abort_transaction(60))
            print("aborted", flush=True)
            rewind()
            continue
        repeated(lambda: producer.commit_transaction(60))
        copied += len(batch)
        print("committed", len(batch), flush=True)
    except KafkaException as failure:
        print("failed", failure, flush=True)
        if failure.args[0].txn_requires_abort():
            repeated(lambda: producer.abort_transaction(60))
        else:
            producer = begin()
        rewind()
        # Of all partitions, since the assignment is empty while the group finds its new coordinator.
        partitions = [TopicPartition(source, each) for each in consumer.list_topics(source, 60).topics[source].partitions]
        copied = sum(max(place.offset, 0) for place in consumer.committed(partitions, 60))
