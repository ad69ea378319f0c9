using RaftLog.Checking;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// A program that creates, deletes, extends and configures the same few topics as its like, at any node and with one attempt each, and
/// notes what it was told: what a client that tries again by itself hides.
/// </summary>
internal sealed class TopicProgram
{
    private const int MaxPartitions = 3;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly SimScheduler _scheduler;
    private readonly Incarnation _program;
    private readonly RawClient _client;
    private readonly DrawnTopicNames _names;
    private readonly SimRandom _random;
    private readonly List<MetadataOperation> _operations = [];
    private readonly int _number;
    private bool _stopped;

    internal TopicProgram(SimCluster world, DrawnTopicNames names, int number, SimRandom random)
    {
        _scheduler = world.Scheduler;
        _names = names;
        _number = number;
        _random = random.Split("topics", number);
        (_program, _client) = world.NewRawClient();
        _program.Run("change topics", RunAsync);
    }

    /// <summary>What it asked for, with what it was told; without a response, it may happen at any time.</summary>
    internal IReadOnlyList<MetadataOperation> Operations => _operations;

    internal void Stop() => _stopped = true;

    private async Task RunAsync()
    {
        TopicRequests requests = new(_client);
        while (true)
        {
            await Task.Delay(_random.Exponential(Interval), _program.Time);
            if (_stopped)
            {
                return;
            }

            NodeId node = _client.Nodes[_random.Next(_client.Nodes.Count)];
            string topic = _names.Next(_random.Next(1 << 20));
            MetadataAction action = _random.Next(100) switch
            {
                < 35 => MetadataAction.Create,
                < 55 => MetadataAction.Delete,
                < 70 => MetadataAction.Grow,
                < 85 => MetadataAction.Set,
                _ => MetadataAction.View,
            };
            await (action == MetadataAction.View ? ViewAsync(requests, node, topic) : ChangeAsync(requests, node, topic, action));
        }
    }

    private async Task ViewAsync(TopicRequests requests, NodeId node, string topic)
    {
        long begun = _scheduler.NowUs;
        if (await requests.ReadSettingAsync(node, topic) is { } setting)
        {
            _operations.Add(
                new MetadataOperation(
                    node,
                    topic,
                    MetadataAction.View,
                    new TopicState(true, 0, setting),
                    SendOutcome.Acknowledged,
                    begun,
                    _scheduler.NowUs
                )
            );
        }
    }

    private async Task ChangeAsync(TopicRequests requests, NodeId node, string topic, MetadataAction action)
    {
        TopicState wanted = new(
            true,
            1 + _random.Next(MaxPartitions),
            action == MetadataAction.Set ? ((long)_number << 32) | (uint)(_operations.Count + 1) : 0
        );
        MetadataOperation asked = new(node, topic, action, wanted, SendOutcome.Unknown, _scheduler.NowUs, null);
        int index = _operations.Count;
        _operations.Add(asked);
        (SendOutcome outcome, _) = await requests.ChangeAsync(node, topic, action, wanted);
        if (outcome != SendOutcome.Unknown)
        {
            _operations[index] = asked with { Outcome = outcome, CompletedUs = _scheduler.NowUs };
        }
    }
}
