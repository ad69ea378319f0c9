using RaftLog.Protocol;
using RaftLog.Simulation.Cores;

namespace RaftLog.Replication.Tests;

/// <summary>
/// The replicas of one partition, and a controller that says what the transcript wants. Commands (NODE is an id from 0):
/// <code>
/// partition COUNT [min-isr=N]      that many replicas, all registered; first of all
/// metadata leader=N epoch=E isr=N,... [to=N,...]   the controller decides; these hear of it, or all (leader=-1: none; to=none: nobody)
/// tell NODE...                     these hear of the last decision produce NODE COUNT [flush=no]    acks=all records at a node
/// flush NODE fetch NODE                       a follower's next fetch, the response, and what it does; its log is flushed before only by
/// `flush` catch-up NODE                    fetches with flushes until nothing comes
/// send NODE / receive NODE         the same fetch in two steps: the response is under way in between
/// time MS                          time passes at all nodes; a follower may lag for 1000 ms in this model
/// controller grants | loses | ERROR   the end of the proposal that was made last
/// consume NODE from=OFFSET [epoch=E] [last=E]   a client's fetch          latest NODE   a client asks for the latest offset
/// committed NODE end=OFFSET epoch=E   may a producer with acks=all be told so?
/// crash NODE [survives=N]          loses its power; N unflushed records survive. Starts, not yet registered
/// register NODE                    a new incarnation registers        broker NODE active|fenced|shutting-down
/// follower-fetch LEADER from=OFFSET node=N [incarnation=N] [epoch=E] [last=E]   a fetch that no core makes, as it is written here
/// show [NODE...]                   states that have not changed, too
/// </code>
/// The output is what is said and done, then the nodes whose state has changed.
/// </summary>
internal sealed class PartitionScript : ITranscriptInterpreter
{
    private readonly Dictionary<int, string> _lastStates = [];
    private readonly Dictionary<int, DataResponse> _underWay = [];
    private readonly List<string> _output = [];
    private Scene? _scene;
    private (DataReplica Leader, IsrProposal Proposal)? _proposal;
    private long _nowMs;
    private int _lastSequence;

    private Scene Scene => _scene ?? throw new FormatException("the first command is 'partition'");

    public IReadOnlyList<string> Execute(TranscriptCommand command)
    {
        _output.Clear();
        switch (command.Name)
        {
            case "partition":
                Form(command.Number(0), command.OptionNumber("min-isr", 1));
                break;
            case "metadata":
                Decide(command);
                break;
            case "tell":
                Scene.Tell(_nowMs, [.. command.Numbers()]);
                break;
            case "produce":
                Produce(NodeOf(command), command.Number(1), flushes: command.Option("flush") != "no");
                break;
            case "flush":
                NodeOf(command).Flush(_nowMs);
                break;
            case "fetch":
                Send(NodeOf(command));
                Receive(NodeOf(command));
                break;
            case "catch-up":
                CatchUp(NodeOf(command));
                break;
            case "send":
                Send(NodeOf(command));
                break;
            case "receive":
                Receive(NodeOf(command));
                break;
            case "time":
                _nowMs += command.Number(0);
                Array.ForEach(Scene.Nodes, node => node.Tick(_nowMs));
                break;
            case "controller":
                Conclude(command.Word(0));
                break;
            case "crash":
                NodeOf(command).CrashAndRestart(command.OptionNumber("survives", 0));
                break;
            case "register":
                Scene.Register(NodeOf(command).Node.Value);
                _output.Add($"{NodeOf(command).Node} is registered with broker epoch {NodeOf(command).RegisteredAs}");
                break;
            case "broker":
                Scene.Is(NodeOf(command).Node.Value, ServiceOf(command.Word(1)));
                break;
            case "show":
                foreach (int id in command.Words.Count > 0 ? command.Numbers() : [.. _lastStates.Keys])
                {
                    _output.Add($"= {PartitionWording.Of(Scene.Nodes[id])}");
                }

                break;
            default:
                Ask(command);
                break;
        }

        DescribeChanges();
        return [.. _output];
    }

    private static BrokerService ServiceOf(string word) =>
        word switch
        {
            "active" => BrokerService.Active,
            "fenced" => BrokerService.Fenced,
            "shutting-down" => BrokerService.ShuttingDown,
            _ => throw new FormatException($"a broker is active, fenced or shutting-down, not '{word}'"),
        };

    private static LeaderEpoch EpochOf(TranscriptCommand command, string option) => new(command.OptionNumber(option, -1));

    /// <summary>The commands that change nothing but what a leader knows of its followers.</summary>
    private void Ask(TranscriptCommand command)
    {
        DataReplica node = NodeOf(command);
        switch (command.Name)
        {
            case "consume":
                var position = new FetchPosition(
                    EpochOf(command, "epoch"),
                    new Offset(command.OptionNumber("from", 0)),
                    EpochOf(command, "last")
                );
                FetchVerdict verdict = node.Core.ClientFetch(position, node.Log);
                _output.Add($"{node.Node}: {PartitionWording.Of(node, position, verdict)}");
                break;
            case "latest":
                ErrorCode error = node.Core.MayTellLatest();
                _output.Add($"{node.Node}: {(error == ErrorCode.None ? $"latest offset {node.Core.HighWatermark}" : ErrorName.Of(error))}");
                break;
            case "committed":
                CommitVerdict committed = node.Core.CheckCommitted(new Offset(command.OptionNumber("end", 0)), EpochOf(command, "epoch"));
                _output.Add($"{node.Node}: {PartitionWording.Of(committed)}");
                break;
            case "follower-fetch":
                var fetch = new FetchPosition(
                    new LeaderEpoch(command.OptionNumber("epoch", node.Core.LeaderEpoch.Value)),
                    new Offset(command.OptionNumber("from", 0)),
                    EpochOf(command, "last")
                );
                var follower = new NodeId(command.OptionNumber("node", 0));
                var incarnation = new BrokerEpoch(command.OptionNumber("incarnation", (int)Scene.Nodes[follower.Value].RegisteredAs.Value));
                _output.Add($"{follower} -> {node.Node}  {PartitionWording.Of(fetch)}");
                _output.Add($"{node.Node} -> {follower}  {PartitionWording.Of(node.Serve(_nowMs, follower, incarnation, fetch, 100))}");
                break;
            default:
                throw new FormatException($"there is no command '{command.Name}'");
        }
    }

    private void Form(int nodes, int minInSync)
    {
        _scene = new Scene(nodes) { MinInSync = minInSync };
        foreach (DataReplica node in _scene.Nodes)
        {
            node.OnEffects = effects =>
            {
                if (effects.Proposal is { } proposal)
                {
                    _proposal = (node, proposal);
                    _output.Add(
                        $"{node.Node} proposes in sync {PartitionWording.Of(proposal.InSync)}, on partition epoch {proposal.PartitionEpoch}"
                    );
                }
            };
            _lastStates[node.Node.Value] = PartitionWording.Of(node);
        }
    }

    private void Decide(TranscriptCommand command)
    {
        PartitionState state = Scene.Decide(
            command.OptionNumber("leader", -1),
            command.OptionNumber("epoch", 0),
            [.. command.OptionNumbers("isr") ?? []]
        );
        _output.Add(
            $"leader {(state.Leader.IsNode ? state.Leader : "none")}, leader epoch {state.LeaderEpoch}, in sync "
                + $"{PartitionWording.Of(state.InSync)}, "
                + $"partition epoch {state.PartitionEpoch}"
        );
        IReadOnlyList<int> hearers =
            command.Option("to") == "none" ? [] : command.OptionNumbers("to") ?? [.. Scene.Nodes.Select(node => node.Node.Value)];
        Scene.Tell(_nowMs, [.. hearers]);
    }

    private void Produce(DataReplica node, int count, bool flushes)
    {
        for (int record = 0; record < count; record++)
        {
            ErrorCode error = node.Append(_nowMs, producer: 1, _lastSequence + 1);
            if (error != ErrorCode.None)
            {
                _output.Add($"{node.Node} rejects the record: {ErrorName.Of(error)}");
                return;
            }

            _lastSequence++;
        }

        if (flushes)
        {
            node.Flush(_nowMs);
        }
    }

    private void Send(DataReplica follower)
    {
        if (follower.Core.Role is not PartitionFollowerRole { Leader: var leader } || follower.NextFetch() is not { } fetch)
        {
            _output.Add($"{follower.Node} may not fetch now");
            return;
        }

        _output.Add($"{follower.Node} -> {leader}  {PartitionWording.Of(fetch)}");
        DataResponse response = Scene.Nodes[leader.Value].Serve(_nowMs, follower.Node, follower.RegisteredAs, fetch, 100);
        _output.Add($"{leader} -> {follower.Node}  {PartitionWording.Of(response)}");
        _underWay[follower.Node.Value] = response;
    }

    private FollowerStepKind? Receive(DataReplica follower)
    {
        if (!_underWay.Remove(follower.Node.Value, out DataResponse? response))
        {
            return null;
        }

        FollowerStepKind step = follower.Take(_nowMs, response);
        if (step != FollowerStepKind.Append)
        {
            _output.Add($"{follower.Node} {PartitionWording.Of(step, follower.Log.End)}");
        }

        return step == FollowerStepKind.Append && response.Entries.Length == 0 ? null : step;
    }

    private void CatchUp(DataReplica follower)
    {
        FollowerStepKind? step;
        do
        {
            follower.Flush(_nowMs);
            Send(follower);
            step = Receive(follower);
        } while (step is FollowerStepKind.Append or FollowerStepKind.Truncate);
    }

    private void Conclude(string outcome)
    {
        (DataReplica leader, IsrProposal proposal) = _proposal ?? throw new FormatException("nothing was proposed");
        IsrResponse response = outcome switch
        {
            "grants" => Scene.Granted(proposal),
            "loses" => IsrResponse.Failed(ErrorCode.RequestTimedOut),
            _ => IsrResponse.Failed(ErrorName.Parse(outcome)),
        };
        leader.OnResponse(_nowMs, proposal, response);
    }

    private void DescribeChanges()
    {
        foreach (DataReplica node in Scene.Nodes)
        {
            string state = PartitionWording.Of(node);
            if (_lastStates[node.Node.Value] != state)
            {
                _lastStates[node.Node.Value] = state;
                _output.Add($"= {state}");
            }
        }
    }

    private DataReplica NodeOf(TranscriptCommand command)
    {
        int id = command.Number(0);
        return id >= 0 && id < Scene.Nodes.Length ? Scene.Nodes[id] : throw new FormatException($"there is no node {id}");
    }
}
