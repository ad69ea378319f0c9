using System.Globalization;
using RaftLog.Cli.Output;
using RaftLog.Platform;

namespace RaftLog.Cli.Nodes;

/// <summary>How many bytes of segments the topics have in some data directories, the largest first.</summary>
internal static class TopicSizes
{
    /// <summary>The table; null where there is no log.</summary>
    public static Table? Of(IDisk disk, IEnumerable<string> directories)
    {
        Dictionary<string, (int Logs, long Bytes)> topics = new(StringComparer.Ordinal);
        foreach (string directory in directories)
        {
            foreach (string name in disk.ListDirectories(directory))
            {
                int dash = name.LastIndexOf('-');
                if (dash > 0 && int.TryParse(name.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _))
                {
                    (int logs, long bytes) = topics.GetValueOrDefault(name[..dash]);
                    topics[name[..dash]] = (logs + 1, bytes + BytesOf(disk, $"{directory}/{name}"));
                }
            }
        }

        if (topics.Count == 0)
        {
            return null;
        }

        Table table = new("TOPIC", "LOGS", "BYTES");
        foreach (
            (string topic, (int logs, long bytes)) in topics
                .OrderByDescending(each => each.Value.Bytes)
                .ThenBy(each => each.Key, StringComparer.Ordinal)
        )
        {
            table.Add(topic, $"{logs}", $"{bytes}");
        }

        return table;
    }

    private static long BytesOf(IDisk disk, string log)
    {
        long bytes = 0;
        foreach (string name in disk.ListFiles(log).Where(name => name.EndsWith(".log", StringComparison.Ordinal)))
        {
            using IDiskFile? file = disk.OpenExisting($"{log}/{name}");
            bytes += file?.Length ?? 0;
        }

        return bytes;
    }
}
