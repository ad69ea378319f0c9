using RaftLog.Protocol;

namespace RaftLog.Cli.Clients;

/// <summary>Topics, or some of their partitions, as a person names them: <c>orders</c>, <c>orders:0,2</c>.</summary>
internal sealed class TopicSelection
{
    private readonly Dictionary<string, HashSet<int>?> _chosen = new(StringComparer.Ordinal);

    private TopicSelection() { }

    /// <summary>The topics that are named.</summary>
    public IReadOnlyCollection<string> Topics => _chosen.Keys;

    /// <summary>Reads what was written.</summary>
    /// <exception cref="FormatException">A partition is no number.</exception>
    public static TopicSelection Parse(IEnumerable<string> texts)
    {
        TopicSelection selection = new();
        foreach (string text in texts)
        {
            string[] parts = text.Split(':', 2);
            if (parts.Length == 1)
            {
                selection._chosen[parts[0]] = null;
                continue;
            }

            HashSet<int>? partitions = selection._chosen.TryGetValue(parts[0], out HashSet<int>? known) ? known : [];
            foreach (string item in parts[1].Split(','))
            {
                if (!int.TryParse(item, out int partition) || partition < 0)
                {
                    throw new FormatException($"'{text}' names partition '{item}', which is no number; write topic:0,1");
                }

                partitions?.Add(partition);
            }

            selection._chosen[parts[0]] = partitions;
        }

        return selection;
    }

    /// <summary>Those of some partitions that are chosen, in order.</summary>
    public IReadOnlyCollection<TopicPartition> Choose(IEnumerable<TopicPartition> partitions) =>
        [
            .. partitions
                .Where(each => _chosen.TryGetValue(each.Topic, out HashSet<int>? some) && some?.Contains(each.Partition) != false)
                .Order(),
        ];
}
