using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using RaftLog.Cli.Output;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Cli.Logs;

/// <summary>What the records of internal topics mean, by the topic that their log belongs to; other records are text.</summary>
internal static class RecordDecoder
{
    private const int KeyVersion = 0;

    /// <summary>Keys and values of <c>__consumer_offsets</c> by the number that the key begins with.</summary>
    private static readonly Dictionary<short, (Func<IMessage> Key, Func<IMessage> Value)> Groups = new()
    {
        [0] = (static () => new LegacyOffsetCommitKey(), static () => new OffsetCommitValue()),
        [1] = (static () => new OffsetCommitKey(), static () => new OffsetCommitValue()),
        [2] = (static () => new GroupMetadataKey(), static () => new GroupMetadataValue()),
        [3] = (static () => new ConsumerGroupMetadataKey(), static () => new ConsumerGroupMetadataValue()),
        [4] = (static () => new ConsumerGroupPartitionMetadataKey(), static () => new ConsumerGroupPartitionMetadataValue()),
        [5] = (static () => new ConsumerGroupMemberMetadataKey(), static () => new ConsumerGroupMemberMetadataValue()),
        [6] = (static () => new ConsumerGroupTargetAssignmentMetadataKey(), static () => new ConsumerGroupTargetAssignmentMetadataValue()),
        [7] = (static () => new ConsumerGroupTargetAssignmentMemberKey(), static () => new ConsumerGroupTargetAssignmentMemberValue()),
        [8] = (static () => new ConsumerGroupCurrentMemberAssignmentKey(), static () => new ConsumerGroupCurrentMemberAssignmentValue()),
        [16] = (static () => new ConsumerGroupRegularExpressionKey(), static () => new ConsumerGroupRegularExpressionValue()),
    };

    private static readonly Dictionary<short, (Func<IMessage> Key, Func<IMessage> Value)> Transactions = new()
    {
        [0] = (static () => new TransactionLogKey(), static () => new TransactionLogValue()),
    };

    /// <summary>The key and the value of a record, as what they mean; left out where they are null.</summary>
    /// <param name="topic">The topic of the log.</param>
    /// <param name="record">The record, which is no control record.</param>
    public static IEnumerable<(string Name, object? Value)> Decode(string topic, Record record)
    {
        ReadOnlyMemory<byte>? key = Copy(record.Key);
        ReadOnlyMemory<byte>? value = Copy(record.Value);
        return topic switch
        {
            "__cluster_metadata" => Metadata(value),
            "__consumer_offsets" => Typed(Groups, key, value),
            "__transaction_state" => Typed(Transactions, key, value),
            _ => Plain(key, value),
        };
    }

    /// <summary>What a control record says.</summary>
    public static (string Name, object? Value) Control(Record record)
    {
        if (!ControlRecordKey.TryRead(record.Key, out ControlRecordKey key))
        {
            return ("control", "damaged");
        }

        if (key.Type is ControlRecordType.Commit or ControlRecordType.Abort)
        {
            return (
                "endTxnMarker",
                EndTransactionMarker.TryRead(record.Value, out EndTransactionMarker marker)
                    ? $"{key.Type.ToString().ToUpperInvariant()} coordinatorEpoch: {marker.CoordinatorEpoch}"
                    : "damaged"
            );
        }

        VersionedMessage? message = key.Type switch
        {
            ControlRecordType.LeaderChange => new(new LeaderChangeMessage()),
            ControlRecordType.SnapshotHeader => new(new SnapshotHeaderRecord()),
            ControlRecordType.SnapshotFooter => new(new SnapshotFooterRecord()),
            ControlRecordType.KRaftVersion => new(new KRaftVersionRecord()),
            ControlRecordType.KRaftVoters => new(new VotersRecord()),
            _ => null,
        };
        return ($"{key.Type}", message is null ? "unknown" : message.Read(record.Value.ToArray()));
    }

    private static IEnumerable<(string Name, object? Value)> Metadata(ReadOnlyMemory<byte>? value)
    {
        if (value is not { } bytes)
        {
            return [];
        }

        IMetadataRecord record = MetadataRecordCodec.Read(bytes.ToArray(), out short version);
        string type = record.GetType().Name;
        return
        [
            (
                "payload",
                Parse(writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteString("type", JsonNamingPolicy.SnakeCaseUpper.ConvertName(type));
                    writer.WriteNumber("version", version);
                    writer.WritePropertyName("data");
                    MessageJson.Write(writer, record);
                    writer.WriteEndObject();
                })
            ),
        ];
    }

    private static IEnumerable<(string Name, object? Value)> Typed(
        Dictionary<short, (Func<IMessage> Key, Func<IMessage> Value)> types,
        ReadOnlyMemory<byte>? key,
        ReadOnlyMemory<byte>? value
    )
    {
        if (
            key is not { Length: >= sizeof(short) } keyBytes
            || !types.TryGetValue(BinaryPrimitives.ReadInt16BigEndian(keyBytes.Span), out (Func<IMessage> Key, Func<IMessage> Value) type)
        )
        {
            return Plain(key, value);
        }

        short number = BinaryPrimitives.ReadInt16BigEndian(keyBytes.Span);
        List<(string, object?)> decoded = [("key", Message("type", number, KeyVersion, type.Key(), keyBytes[sizeof(short)..]))];
        if (value is { Length: >= sizeof(short) } valueBytes)
        {
            short version = BinaryPrimitives.ReadInt16BigEndian(valueBytes.Span);
            decoded.Add(("payload", Message("version", version, version, type.Value(), valueBytes[sizeof(short)..])));
        }

        return decoded;
    }

    private static JsonElement Message(string name, short number, short version, IMessage message, ReadOnlyMemory<byte> bytes)
    {
        WireReader reader = new(bytes.ToArray());
        message.Read(ref reader, version);
        return Parse(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString(name, $"{number}");
            writer.WritePropertyName("data");
            MessageJson.Write(writer, message);
            writer.WriteEndObject();
        });
    }

    private static IEnumerable<(string Name, object? Value)> Plain(ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value)
    {
        if (key is { } keyBytes)
        {
            yield return ("key", Encoding.UTF8.GetString(keyBytes.Span));
        }

        if (value is { } valueBytes)
        {
            yield return ("payload", Encoding.UTF8.GetString(valueBytes.Span));
        }
    }

    private static ReadOnlyMemory<byte>? Copy(NullableBytes bytes) => bytes.IsNull ? default(ReadOnlyMemory<byte>?) : bytes.Span.ToArray();

    private static JsonElement Parse(Action<Utf8JsonWriter> write) => JsonDocument.Parse(Json.Line(write)).RootElement;

    /// <summary>A message whose first field is its version.</summary>
    private sealed class VersionedMessage(IMessage message)
    {
        public JsonElement Read(byte[]? bytes)
        {
            short version = bytes is { Length: >= sizeof(short) } ? BinaryPrimitives.ReadInt16BigEndian(bytes) : (short)0;
            WireReader reader = new(bytes ?? []);
            message.Read(ref reader, version);
            return Parse(writer => MessageJson.Write(writer, message));
        }
    }
}
