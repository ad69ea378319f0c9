using System.Globalization;
using System.Text;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Which segments of a directory had a transaction index at its last clean stop, and with how many entries. Most segments have none, so a
/// file that is gone would look like one that never was, and readers of committed records would get aborted ones. Text: <c>topic partition
/// baseOffset entries</c>, one segment a line.
/// </summary>
internal static class TransactionIndexList
{
    private const string Name = "raftlog-transaction-indexes";
    private const int Fields = 4;

    /// <summary>Writes the list of all logs; no file where there is nothing to list.</summary>
    public static async ValueTask WriteAsync(IDisk disk, string directory, IReadOnlyList<PartitionLog> logs)
    {
        StringBuilder lines = new();
        foreach (PartitionLog log in logs)
        {
            foreach (LogSegment segment in log.Segments)
            {
                if (segment.Transactions.Entries.Length > 0)
                {
                    lines.Append(
                        CultureInfo.InvariantCulture,
                        $"{log.Partition.Topic} {log.Partition.Partition} {segment.BaseOffset} {segment.Transactions.Entries.Length}\n"
                    );
                }
            }
        }

        if (lines.Length > 0)
        {
            await AtomicFile.WriteAsync(disk, directory, Name, Encoding.UTF8.GetBytes(lines.ToString()));
        }
        else
        {
            disk.DeleteFile($"{directory}/{Name}");
        }
    }

    /// <summary>Reads it; what is absent or no list says nothing.</summary>
    public static IReadOnlyDictionary<TopicPartition, Dictionary<Offset, int>> Read(IDisk disk, string directory)
    {
        Dictionary<TopicPartition, Dictionary<Offset, int>> found = [];
        string text = AtomicFile.Read(disk, $"{directory}/{Name}") is { } bytes ? Encoding.UTF8.GetString(bytes) : "";
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] fields = line.Split(' ');
            if (
                fields.Length == Fields
                && int.TryParse(fields[1], CultureInfo.InvariantCulture, out int partition)
                && long.TryParse(fields[2], CultureInfo.InvariantCulture, out long baseOffset)
                && int.TryParse(fields[3], CultureInfo.InvariantCulture, out int entries)
            )
            {
                TopicPartition name = new(fields[0], partition);
                (found.TryGetValue(name, out Dictionary<Offset, int>? segments) ? segments : found[name] = [])[new Offset(baseOffset)] =
                    entries;
            }
        }

        return found;
    }
}
