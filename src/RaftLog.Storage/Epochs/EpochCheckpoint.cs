using System.Globalization;
using System.Text;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>Kafka's text form of leader epochs: a version line, a count line, and a line <c>epoch startOffset</c> for each.</summary>
internal static class EpochCheckpoint
{
    private const string Version = "0";

    /// <summary>The file's bytes.</summary>
    public static byte[] Format(IReadOnlyList<EpochEntry> entries)
    {
        var text = new StringBuilder();
        text.Append(Version).Append('\n').Append(entries.Count).Append('\n');
        foreach (EpochEntry entry in entries)
        {
            text.Append(entry.Epoch.Value).Append(' ').Append(entry.StartOffset.Value).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads the file's bytes; null when they are not of this form.</summary>
    public static IReadOnlyList<EpochEntry>? Parse(ReadOnlySpan<byte> bytes)
    {
        string[] lines = Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (
            lines.Length < 2
            || lines[0] != Version
            || !int.TryParse(lines[1], NumberStyles.None, null, out int count)
            || count != lines.Length - 2
        )
        {
            return null;
        }

        var entries = new List<EpochEntry>(count);
        foreach (string line in lines.AsSpan(2))
        {
            string[] parts = line.Split(' ');
            if (
                parts.Length != 2
                || !int.TryParse(parts[0], NumberStyles.None, null, out int epoch)
                || !long.TryParse(parts[1], NumberStyles.None, null, out long start)
            )
            {
                return null;
            }

            entries.Add(new EpochEntry(new LeaderEpoch(epoch), new Offset(start)));
        }

        return entries;
    }
}
