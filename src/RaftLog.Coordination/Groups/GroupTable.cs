using System.Diagnostics.CodeAnalysis;

namespace RaftLog.Coordination.Groups;

/// <summary>The groups of one partition of <c>__consumer_offsets</c>.</summary>
internal sealed class GroupTable
{
    /// <summary>The most groups that requests may make; the log may hold more.</summary>
    public const int MaxGroups = 1_000_000;

    private readonly Dictionary<string, Group> _groups = new(StringComparer.Ordinal);

    public IEnumerable<Group> All => _groups.Values;

    public bool IsFull => _groups.Count >= MaxGroups;

    public Group? Find(string id) => _groups.GetValueOrDefault(id);

    public bool TryFind<TGroup>(string id, [NotNullWhen(true)] out TGroup? group)
        where TGroup : Group
    {
        group = Find(id) as TGroup;
        return group is not null;
    }

    /// <summary>Puts a group in its place, also in that of a group of another type.</summary>
    public void Put(Group group) => _groups[group.Id] = group;

    public void Remove(string id) => _groups.Remove(id);
}
