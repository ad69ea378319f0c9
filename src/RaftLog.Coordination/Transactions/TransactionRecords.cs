using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Coordination.Transactions;

/// <summary>
/// The records of <c>__transaction_state</c>: an id as key, a <see cref="Transaction"/> as value, each after its version (int16).
/// </summary>
public static class TransactionRecords
{
    private const short KeyVersion = 0;
    private const short FirstFlexibleFeatureLevel = 1;
    private const short FixedValueVersion = 0;
    private const short FlexibleValueVersion = 1;

    /// <summary>A record that sets a transaction. Under transaction.version 0 the producer ids before and after are not written.</summary>
    public static CoordinatorRecord Of(string transactionalId, Transaction transaction, short transactionVersion)
    {
        TransactionLogValue value = new()
        {
            ProducerId = transaction.Producer,
            PreviousProducerId = transaction.PreviousProducer,
            NextProducerId = transaction.NextProducer,
            ProducerEpoch = transaction.Epoch,
            TransactionTimeoutMs = transaction.TimeoutMs,
            TransactionStatus = (sbyte)transaction.Status,
            TransactionPartitions = transaction.Status == TransactionStatus.Empty ? null : ByTopic(transaction.Partitions),
            TransactionLastUpdateTimestampMs = transaction.LastUpdateMs,
            TransactionStartTimestampMs = transaction.StartMs,
            ClientTransactionVersion = transaction.ClientVersion,
        };
        short version = transactionVersion >= FirstFlexibleFeatureLevel ? FlexibleValueVersion : FixedValueVersion;
        return new CoordinatorRecord(Key(transactionalId), Encode(value, version));
    }

    /// <summary>A record that forgets an id.</summary>
    public static CoordinatorRecord Tombstone(string transactionalId) => new(Key(transactionalId), null);

    /// <summary>Reads the id of a record; false for a key of another version, which is passed over.</summary>
    public static bool TryReadKey(ReadOnlyMemory<byte> key, [NotNullWhen(true)] out string? transactionalId)
    {
        transactionalId = null;
        if (key.Length < sizeof(short) || BinaryPrimitives.ReadInt16BigEndian(key.Span) != KeyVersion)
        {
            return false;
        }

        TransactionLogKey read = new();
        Decode(read, key, KeyVersion);
        transactionalId = read.TransactionalId;
        return true;
    }

    /// <summary>Reads the value of a record.</summary>
    /// <exception cref="ProtocolException">It is of a version that this release does not know, or damaged.</exception>
    public static Transaction ReadValue(ReadOnlyMemory<byte> value)
    {
        short version = value.Length < sizeof(short) ? (short)-1 : BinaryPrimitives.ReadInt16BigEndian(value.Span);
        TransactionLogValue read = new();
        Decode(read, value, version);
        return new Transaction
        {
            Producer = read.ProducerId,
            PreviousProducer = read.PreviousProducerId,
            NextProducer = read.NextProducerId,
            Epoch = read.ProducerEpoch,
            TimeoutMs = read.TransactionTimeoutMs,
            Status = (TransactionStatus)read.TransactionStatus,
            Partitions =
            [
                .. (read.TransactionPartitions ?? []).SelectMany(topic =>
                    topic.PartitionIds.Select(id => new TopicPartition(topic.Topic, id))
                ),
            ],
            LastUpdateMs = read.TransactionLastUpdateTimestampMs,
            StartMs = read.TransactionStartTimestampMs,
            ClientVersion = read.ClientTransactionVersion,
        };
    }

    private static List<TransactionLogValue.PartitionsSchema> ByTopic(IEnumerable<TopicPartition> partitions)
    {
        List<TransactionLogValue.PartitionsSchema> topics = [];
        foreach (TopicPartition partition in partitions)
        {
            if (topics.Count == 0 || topics[^1].Topic != partition.Topic)
            {
                topics.Add(new() { Topic = partition.Topic });
            }

            topics[^1].PartitionIds.Add(partition.Partition);
        }

        return topics;
    }

    private static byte[] Key(string transactionalId) => Encode(new TransactionLogKey { TransactionalId = transactionalId }, KeyVersion);

    private static byte[] Encode(IMessage message, short version)
    {
        WireWriter writer = new();
        writer.WriteInt16(version);
        message.Write(writer, version);
        return writer.ToArray();
    }

    private static void Decode(IMessage message, ReadOnlyMemory<byte> bytes, short version)
    {
        WireReader reader = new(bytes[sizeof(short)..]);
        message.Read(ref reader, version);
    }
}
