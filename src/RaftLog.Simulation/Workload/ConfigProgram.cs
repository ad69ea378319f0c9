using RaftLog.Metadata;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// A program that changes the configuration of topics of its own, in the short form (some operations on some keys) and in the long one (all
/// keys), and knows what they must come to. Where a response is missing nobody knows, and it goes on with a new topic.
/// </summary>
internal sealed class ConfigProgram
{
    private const sbyte TopicResource = 2;
    private const string Policy = "cleanup.policy";
    private static readonly string[] Keys = ["max.message.bytes", "segment.index.bytes", "index.interval.bytes", "file.delete.delay.ms"];
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    private readonly SimScheduler _scheduler;
    private readonly Incarnation _program;
    private readonly RawClient _client;
    private readonly SimRandom _random;
    private readonly SortedDictionary<string, string> _configs = new(StringComparer.Ordinal);
    private int _number;
    private bool _isKnown;
    private bool _stopped;

    internal ConfigProgram(SimCluster world, SimRandom random)
    {
        _scheduler = world.Scheduler;
        _random = random.Split("configs");
        (_program, _client) = world.NewRawClient();
        _program.Run("change configs", RunAsync);
    }

    /// <summary>How many changes were confirmed.</summary>
    internal int Confirmed { get; private set; }

    private string Topic => $"c{_number}";

    internal void Stop() => _stopped = true;

    /// <summary>Holds what a node believes of the present topic against what the changes must have come to.</summary>
    internal void Check(SimMachine machine)
    {
        if (!_isKnown)
        {
            return;
        }

        string wanted = string.Join(' ', _configs.Select(each => $"{each.Key}={each.Value}"));
        string believed = string.Join(
            ' ',
            machine.Node!.Image.ConfigOf(new ConfigResource(ConfigResourceType.Topic, Topic)).Select(each => $"{each.Key}={each.Value}")
        );
        if (wanted != believed)
        {
            _scheduler.Fail(
                $"short-form: {machine.Name} believes that {Topic} has the configuration '{believed}', and the changes that were "
                    + $"confirmed come to '{wanted}'"
            );
        }
    }

    private async Task RunAsync()
    {
        while (!_stopped)
        {
            await Task.Delay(_random.Exponential(Interval), _program.Time);
            if (_stopped)
            {
                return;
            }

            NodeId node = _client.Nodes[_random.Next(_client.Nodes.Count)];
            if (!_isKnown)
            {
                await CreateAsync(node);
            }
            else if (_random.Chance(0.8))
            {
                await AlterAsync(node);
            }
            else
            {
                await ReplaceAsync(node);
            }
        }
    }

    private async Task CreateAsync(NodeId node)
    {
        _number++;
        _configs.Clear();
        _configs[Policy] = "delete";
        CreateTopicsRequest request = new()
        {
            Topics =
            [
                new()
                {
                    Name = Topic,
                    NumPartitions = 1,
                    ReplicationFactor = -1,
                    Configs = [new() { Name = Policy, Value = "delete" }],
                },
            ],
            TimeoutMs = (int)Limit.TotalMilliseconds,
        };
        RpcResult<CreateTopicsResponse> result = await _client.CallAsync(node, request, Limit);
        _isKnown = result.TryGet(out CreateTopicsResponse? response) && response.Topics[0].ErrorCode == ErrorCode.None;
    }

    private async Task AlterAsync(NodeId node)
    {
        SortedDictionary<string, string> after = new(_configs, StringComparer.Ordinal);
        List<IncrementalAlterConfigsRequest.AlterableConfig> changes = [];
        foreach (string key in Keys.Where(_ => _random.Chance(0.4)))
        {
            changes.Add(Change(key, after));
        }

        if (changes.Count == 0 || _random.Chance(0.4))
        {
            // Two elements come and go, one of them always stays.
            bool isBoth = after[Policy].Contains(',', StringComparison.Ordinal);
            string element =
                isBoth && _random.Chance(0.5) ? after[Policy].Split(',')[0]
                : after[Policy].Contains("compact", StringComparison.Ordinal) ? "delete"
                : "compact";
            changes.Add(
                new()
                {
                    Name = Policy,
                    ConfigOperation = isBoth ? (sbyte)3 : (sbyte)2,
                    Value = element,
                }
            );
            after[Policy] = isBoth
                ? string.Join(',', after[Policy].Split(',').Where(each => each != element))
                : $"{after[Policy]},{element}";
        }

        IncrementalAlterConfigsRequest request = new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = TopicResource,
                    ResourceName = Topic,
                    Configs = changes,
                },
            ],
        };
        RpcResult<IncrementalAlterConfigsResponse> result = await _client.CallAsync(node, request, Limit);
        Conclude(result.TryGet(out IncrementalAlterConfigsResponse? response) ? response.Responses[0].ErrorCode : null, after);
    }

    private IncrementalAlterConfigsRequest.AlterableConfig Change(string key, SortedDictionary<string, string> after)
    {
        if (_random.Chance(0.3))
        {
            after.Remove(key);
            return new() { Name = key, ConfigOperation = 1 };
        }

        after[key] = $"{5000 + _random.Next(5000)}";
        return new()
        {
            Name = key,
            ConfigOperation = 0,
            Value = after[key],
        };
    }

    private async Task ReplaceAsync(NodeId node)
    {
        SortedDictionary<string, string> after = new(StringComparer.Ordinal) { [Policy] = "delete" };
        foreach (string key in Keys.Where(_ => _random.Chance(0.4)))
        {
            Change(key, after);
        }

        AlterConfigsRequest request = new()
        {
            Resources =
            [
                new()
                {
                    ResourceType = TopicResource,
                    ResourceName = Topic,
                    Configs = [.. after.Select(each => new AlterConfigsRequest.AlterableConfig { Name = each.Key, Value = each.Value })],
                },
            ],
        };
        RpcResult<AlterConfigsResponse> result = await _client.CallAsync(node, request, Limit);
        Conclude(result.TryGet(out AlterConfigsResponse? response) ? response.Responses[0].ErrorCode : null, after);
    }

    private void Conclude(ErrorCode? error, SortedDictionary<string, string> after)
    {
        if (error != ErrorCode.None)
        {
            // It may have been made, or still may be.
            _isKnown = false;
            return;
        }

        Confirmed++;
        _configs.Clear();
        foreach ((string key, string value) in after)
        {
            _configs.Add(key, value);
        }
    }
}
