using System.Diagnostics.CodeAnalysis;
using RaftLog.Coordination.Topics;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Tests.World;

/// <summary>Topics that a test makes, changes and deletes.</summary>
internal sealed class FakeTopics : ITopicsView
{
    private readonly SortedDictionary<string, TopicFacts> _topics = new(StringComparer.Ordinal);
    private ulong _lastId;

    public long Version { get; private set; } = 1;

    public IEnumerable<string> Names => _topics.Keys;

    /// <summary>Makes a topic, or makes it anew.</summary>
    public TopicFacts Add(string name, int partitions = 1, string? rack = null)
    {
        Version++;
        IReadOnlyList<string> racks = rack is null ? [] : [rack];
        TopicFacts topic = new(name, new Uuid(0x7070, ++_lastId), partitions, [.. Enumerable.Repeat(racks, partitions)]);
        _topics[name] = topic;
        return topic;
    }

    /// <summary>Changes a topic, which keeps its id.</summary>
    public void Change(string name, int partitions, string? rack = null)
    {
        Uuid id = _topics[name].Id;
        Add(name, partitions, rack);
        _topics[name] = _topics[name] with { Id = id };
    }

    public (string Name, Uuid Id) Delete(string name)
    {
        Version++;
        _topics.Remove(name, out TopicFacts? topic);
        return (name, topic!.Id);
    }

    public bool TryFind(string name, [NotNullWhen(true)] out TopicFacts? topic) => _topics.TryGetValue(name, out topic);

    public bool TryFind(Uuid id, [NotNullWhen(true)] out TopicFacts? topic)
    {
        topic = _topics.Values.FirstOrDefault(each => each.Id == id);
        return topic is not null;
    }
}
