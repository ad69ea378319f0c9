using System.Buffers;
using System.Text.Json;
using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>A <see cref="HistoryEvent"/> as a line of JSON.</summary>
public static class HistoryLine
{
    /// <summary>Writes one object, without the line's end.</summary>
    public static void Write(HistoryEvent entry, IBufferWriter<byte> target)
    {
        using Utf8JsonWriter json = new(target);
        json.WriteStartObject();
        json.WriteNumber("t", entry.TimeUs);
        json.WriteNumber("p", entry.Process);
        json.WriteNumber("op", entry.Operation);
        json.WriteString("type", NameOf(entry.Type));
        json.WriteString("f", NameOf(entry.Function));
        if (entry.Partition is { } partition)
        {
            json.WriteString("topic", partition.Topic);
            json.WriteNumber("partition", partition.Partition);
        }
        else if (entry.Topic is not null)
        {
            json.WriteString("topic", entry.Topic);
        }

        WriteIfThere(json, "value", entry.Value?.Value);
        WriteIfThere(json, "offset", entry.Offset?.Value);
        WriteIfThere(json, "hw", entry.HighWatermark?.Value);
        WriteIfThere(json, "epoch", entry.Epoch?.Value);
        WriteIfThere(json, "node", entry.Node?.Value);
        if (entry.Action is { } action)
        {
            json.WriteString("action", NameOf(action));
        }

        if (entry.State is { } state)
        {
            json.WriteStartArray("state");
            json.WriteBooleanValue(state.Exists);
            json.WriteNumberValue(state.Partitions);
            json.WriteNumberValue(state.Setting);
            json.WriteEndArray();
        }

        if (entry.Flavour != SendFlavour.Safe)
        {
            json.WriteString("flavour", NameOf(entry.Flavour));
        }

        WriteIfThere(json, "to", entry.Promise?.ToUs);
        WriteIfThere(json, "gap", entry.Promise?.MaxGapUs);
        WriteCoordinated(json, entry);
        WriteRecords(json, entry.Records);
        if (entry.Note is not null)
        {
            json.WriteString("note", entry.Note);
        }

        json.WriteEndObject();
    }

    /// <summary>Reads one line.</summary>
    /// <exception cref="JsonException">It is not an object of JSON.</exception>
    /// <exception cref="FormatException">It is not a line of a history.</exception>
    public static HistoryEvent Read(ReadOnlyMemory<byte> line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement json = document.RootElement;
        string? topic = TextOf(json, "topic");
        long? partition = NumberOf(json, "partition");
        return new HistoryEvent(
            Required(json, "t"),
            (int)Required(json, "p"),
            Required(json, "op"),
            ValueOf<EventType>(json, "type"),
            ValueOf<HistoryFunction>(json, "f")
        )
        {
            Partition = topic is not null && partition is { } index ? new TopicPartition(topic, (int)index) : null,
            Topic = partition is null ? topic : null,
            Value = NumberOf(json, "value") is { } value ? new RecordValue(value) : null,
            Offset = NumberOf(json, "offset") is { } offset ? new Offset(offset) : null,
            HighWatermark = NumberOf(json, "hw") is { } highWatermark ? new Offset(highWatermark) : null,
            Epoch = NumberOf(json, "epoch") is { } epoch ? new LeaderEpoch((int)epoch) : null,
            Node = NumberOf(json, "node") is { } node ? new NodeId((int)node) : null,
            Action = json.TryGetProperty("action", out _) ? ValueOf<MetadataAction>(json, "action") : null,
            State = json.TryGetProperty("state", out JsonElement state)
                ? new TopicState(state[0].GetBoolean(), state[1].GetInt32(), state[2].GetInt64())
                : null,
            Flavour = json.TryGetProperty("flavour", out _) ? ValueOf<SendFlavour>(json, "flavour") : SendFlavour.Safe,
            Promise = NumberOf(json, "to") is { } to ? (to, NumberOf(json, "gap") ?? 0) : null,
            Name = TextOf(json, "name"),
            Transaction = NumberOf(json, "txn"),
            Session = (int?)NumberOf(json, "session"),
            Amount = NumberOf(json, "amount"),
            Source = json.TryGetProperty("source", out JsonElement source)
                ? (new TopicPartition(source[0].GetString()!, source[1].GetInt32()), new Offset(source[2].GetInt64()))
                : null,
            Does = json.TryGetProperty("does", out _) ? ValueOf<OffsetAction>(json, "does") : null,
            Generation = (int?)NumberOf(json, "generation"),
            Member = TextOf(json, "member"),
            FromUs = NumberOf(json, "from"),
            ToUs = NumberOf(json, "until"),
            Records = RecordsOf(json),
            Note = TextOf(json, "note"),
        };
    }

    private static void WriteIfThere(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void WriteCoordinated(Utf8JsonWriter json, HistoryEvent entry)
    {
        WriteIfThere(json, "name", entry.Name);
        WriteIfThere(json, "txn", entry.Transaction);
        WriteIfThere(json, "session", entry.Session);
        WriteIfThere(json, "amount", entry.Amount);
        if (entry.Source is { } source)
        {
            json.WriteStartArray("source");
            json.WriteStringValue(source.Partition.Topic);
            json.WriteNumberValue(source.Partition.Partition);
            json.WriteNumberValue(source.Offset.Value);
            json.WriteEndArray();
        }

        WriteIfThere(json, "does", entry.Does is { } does ? NameOf(does) : null);
        WriteIfThere(json, "generation", entry.Generation);
        WriteIfThere(json, "member", entry.Member);
        WriteIfThere(json, "from", entry.FromUs);
        WriteIfThere(json, "until", entry.ToUs);
    }

    private static void WriteIfThere(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }

    private static void WriteRecords(Utf8JsonWriter json, IReadOnlyList<PolledRecord> records)
    {
        if (records.Count == 0)
        {
            return;
        }

        json.WriteStartArray("records");
        foreach (PolledRecord record in records)
        {
            json.WriteStartArray();
            json.WriteNumberValue(record.Offset.Value);
            json.WriteNumberValue(record.Value.Value);
            json.WriteNumberValue(record.Epoch.Value);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static List<PolledRecord> RecordsOf(JsonElement json)
    {
        List<PolledRecord> records = [];
        if (json.TryGetProperty("records", out JsonElement list))
        {
            foreach (JsonElement each in list.EnumerateArray())
            {
                records.Add(
                    new PolledRecord(
                        new Offset(each[0].GetInt64()),
                        new RecordValue(each[1].GetInt64()),
                        new LeaderEpoch(each[2].GetInt32())
                    )
                );
            }
        }

        return records;
    }

    private static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(Enum.GetName(value)!);

    private static T ValueOf<T>(JsonElement json, string name)
        where T : struct, Enum
    {
        string? text = TextOf(json, name);
        foreach (T value in Enum.GetValues<T>())
        {
            if (NameOf(value) == text)
            {
                return value;
            }
        }

        throw new FormatException($"a line of a history has {name} '{text}', which means nothing");
    }

    private static string? TextOf(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement text) ? text.GetString() : null;

    private static long? NumberOf(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement number) ? number.GetInt64() : null;

    private static long Required(JsonElement json, string name) =>
        NumberOf(json, name) ?? throw new FormatException($"a line of a history has no '{name}'");
}
