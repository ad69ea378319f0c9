using System.Globalization;

namespace RaftLog.Simulation;

/// <summary>A topic of one partition whose log gets shorter at its beginning or gets holes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Configs">Its own configuration.</param>
public sealed record LogTopic(string Name, IReadOnlyList<KeyValuePair<string, string>> Configs)
{
    /// <summary>The compacted topic of a run.</summary>
    internal const string Compacted = "k";

    /// <summary>The topic of a run with retention and deleted records.</summary>
    internal const string Retained = "d";

    /// <summary>A setting; null where the topic says nothing.</summary>
    internal long? Find(string key)
    {
        string? value = Configs.FirstOrDefault(each => each.Key == key).Value;
        return value is null ? null : long.Parse(value, CultureInfo.InvariantCulture);
    }

    /// <summary>Draws a compacted topic, whose segments end within seconds.</summary>
    internal static LogTopic DrawCompacted(SimRandom random) =>
        new(
            Compacted,
            [
                new("cleanup.policy", "compact"),
                new("segment.ms", $"{300 + random.Next(3000)}"),
                new("min.cleanable.dirty.ratio", random.Chance(0.5) ? "0.01" : "0.3"),
                new("delete.retention.ms", $"{random.Next(3) * (1000 + random.Next(4000))}"),
                new("min.compaction.lag.ms", random.Chance(0.3) ? $"{1000 + random.Next(4000)}" : "0"),
                new("file.delete.delay.ms", $"{random.Next(3000)}"),
            ]
        );

    /// <summary>Draws a topic that records leave by age, by size, or by demand alone.</summary>
    internal static LogTopic DrawRetained(SimRandom random)
    {
        List<KeyValuePair<string, string>> configs =
        [
            new("cleanup.policy", "delete"),
            new("segment.ms", $"{300 + random.Next(3000)}"),
            new("file.delete.delay.ms", $"{random.Next(3000)}"),
        ];
        int how = random.Next(3);
        if (how > 0)
        {
            configs.Add(
                how == 1 ? new("retention.ms", $"{2000 + random.Next(20_000)}") : new("retention.bytes", $"{1000 + random.Next(20_000)}")
            );
        }

        return new LogTopic(Retained, configs);
    }

    /// <inheritdoc />
    public override string ToString() => $"{Name} ({string.Join(' ', Configs.Select(each => $"{each.Key}={each.Value}"))})";
}
