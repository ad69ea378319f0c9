using RaftLog.Protocol;

namespace RaftLog.Raft.Tests;

/// <summary>
/// A quorum in which every step is chosen. Commands (NODE is an id, LINK is <c>1->2</c>, <c>*</c> any node):
/// <code>
/// quorum VOTER... [observers=N,...]   who takes part; first of all
/// disk NODE epochs=1,1,2 [epoch=E] [leader=N] [voted=N]   what its disk holds before it starts: one record for each epoch named
/// start [NODE...]     starts these, or all            kill NODE [noticed=N,...]   it loses its power; these see the connection close
/// chance NODE P       its random delays are P percent of the range (20 percent more for each id, unless said)
/// timeout NODE [ROLE] its next deadline comes, or its deadlines until it has that role; for the others no time is observed
/// advance MS          time passes, messages stay where they are run MS              time passes, messages arrive at once; messages and
/// writes of election states are not listed deliver [LINK...]   with links: what is under way there; without: until nothing is under way
/// drop [LINK...]      loses what is under way there          isolate NODE / join NODE   loses all its messages, until it joins
/// append NODE VALUE... a leader appends records               resign NODE hold NODE state|flush / release NODE   its disk stops confirming
/// election states or flushes, until released snapshot NODE       writes a snapshot of what is committed, removes the records below
/// lose-disk NODE show [NODE...]      states that have not changed, too
/// </code>
/// The output is what leaves each node, then the nodes whose state has changed.
/// </summary>
internal sealed class QuorumScript : ITranscriptInterpreter
{
    private readonly ScriptedNetwork _network = new();
    private readonly SortedDictionary<int, ScriptedReplica> _nodes = [];
    private readonly Dictionary<int, string> _lastStates = [];
    private readonly List<string> _output = [];
    private long _nowMs = 1000;
    private bool _isQuiet;

    public IReadOnlyList<string> Execute(TranscriptCommand command)
    {
        _output.Clear();
        switch (command.Name)
        {
            case "quorum":
                Form(command.Numbers(), command.OptionNumbers("observers") ?? []);
                break;
            case "disk":
                Prepare(NodeOf(command), command);
                break;
            case "start":
                ForEach(command, node => node.Start(_nowMs));
                break;
            case "kill":
                Kill(NodeOf(command), command.OptionNumbers("noticed") ?? []);
                break;
            case "lose-disk":
                NodeOf(command).LoseDisk();
                break;
            case "chance":
                NodeOf(command).Chance.Percent = command.Number(1);
                break;
            case "timeout":
                TimeOut(NodeOf(command), command.Words.Count > 1 ? command.Word(1) : null);
                break;
            case "advance":
                Advance(command.Number(0), delivers: false);
                break;
            case "run":
                _isQuiet = true;
                Advance(command.Number(0), delivers: true);
                _isQuiet = false;
                break;
            case "deliver":
                Deliver(command.Words);
                break;
            case "drop":
                _network.TakeAll(command.Words).ForEach(message => _output.Add($"lost: {Wording.Of(message)}"));
                break;
            case "isolate":
                _network.Isolate(command.Number(0));
                break;
            case "join":
                _network.Join(command.Number(0));
                break;
            case "append":
                foreach (string value in command.Words.Skip(1))
                {
                    NodeOf(command).Append(_nowMs, value);
                }

                break;
            case "resign":
                NodeOf(command).Do(_nowMs, core => core.Resign(_nowMs));
                break;
            case "hold":
                NodeOf(command).HoldsState |= command.Word(1) == "state";
                NodeOf(command).HoldsFlush |= command.Word(1) == "flush";
                break;
            case "release":
                NodeOf(command).Release(_nowMs);
                break;
            case "snapshot":
                NodeOf(command).TakeSnapshot(_nowMs);
                break;
            case "show":
                ForEach(command, node => _output.Add($"= {node.Describe()}"));
                break;
            default:
                throw new FormatException($"there is no command '{command.Name}'");
        }

        DescribeChanges();
        return [.. _output];
    }

    private void Form(IReadOnlyList<int> voters, IReadOnlyList<int> observers)
    {
        var set = VoterSet.OfIds(voters);
        foreach (int id in voters.Concat(observers))
        {
            _nodes.Add(id, new ScriptedReplica(id, set, _network, Say));
            _lastStates[id] = _nodes[id].Describe();
        }
    }

    private static void Prepare(ScriptedReplica node, TranscriptCommand command)
    {
        foreach (int epoch in command.OptionNumbers("epochs") ?? [])
        {
            node.Log.Append(new ScriptedRecord(epoch, $"{(char)('a' + node.Log.End)}"));
        }

        node.Log.Flush();
        int voted = command.OptionNumber("voted", -1);
        node.Log.State = new ElectionState(
            new LeaderEpoch(command.OptionNumber("epoch", 0)),
            new NodeId(command.OptionNumber("leader", -1)),
            voted < 0 ? ReplicaKey.None : new ReplicaKey(new NodeId(voted), Uuid.Zero)
        );
    }

    private void Kill(ScriptedReplica node, IReadOnlyList<int> noticed)
    {
        _network.TakeAll([$"{node.Id}->*"]);
        foreach (ScriptedMessage request in node.Kill())
        {
            Fail(request);
        }

        foreach (int id in noticed)
        {
            _nodes[id].Do(_nowMs, core => core.PeerGone(_nowMs, new NodeId(node.Id)));
        }
    }

    private void TimeOut(ScriptedReplica node, string? role)
    {
        for (int step = 0; step < 50; step++)
        {
            long next = node.NextEventMs;
            _nowMs = next < long.MaxValue ? Math.Max(_nowMs + 1, next) : throw new FormatException($"node {node.Id} waits for no time");
            node.Tick(_nowMs);
            if (role is null || Wording.RoleOf(node.Core!) == role)
            {
                return;
            }
        }

        throw new FormatException($"node {node.Id} does not become {role} with time");
    }

    private void Advance(int ms, bool delivers)
    {
        long until = _nowMs + ms;
        while (true)
        {
            if (delivers)
            {
                Deliver([]);
            }

            long next = _nodes.Values.Min(node => node.NextEventMs);
            if (next > until)
            {
                _nowMs = until;
                return;
            }

            _nowMs = Math.Max(_nowMs + 1, next);
            foreach (ScriptedReplica node in _nodes.Values.Where(node => node.NextEventMs <= _nowMs).ToArray())
            {
                node.Tick(_nowMs);
            }
        }
    }

    private void Deliver(IReadOnlyList<string> links)
    {
        if (links.Count > 0)
        {
            _network.TakeAll(links).ForEach(Hand);
            return;
        }

        for (int count = 0; _network.TakeFirst([]) is { } message; count++)
        {
            Hand(message);
            if (count > 500)
            {
                throw new FormatException("the messages do not come to an end");
            }
        }
    }

    private void Hand(ScriptedMessage message)
    {
        if (_network.IsLost(message))
        {
            Say($"lost: {Wording.Of(message)}");
        }
        else if (_nodes[message.To].Core is not null)
        {
            _nodes[message.To].Receive(_nowMs, message);
        }
        else if (message.Request is not null)
        {
            Fail(message);
        }
    }

    private void Fail(ScriptedMessage request)
    {
        if (_nodes[request.From].Core is not null)
        {
            Say($"failed: {Wording.Of(request)}");
            _nodes[request.From].Do(_nowMs, core => core.RequestFailed(_nowMs, request.RequestId));
        }
    }

    private void Say(string line)
    {
        bool isRoutine = line.Contains(" -> ", StringComparison.Ordinal) || line.Contains(" has on disk: ", StringComparison.Ordinal);
        if (!_isQuiet || !isRoutine)
        {
            _output.Add(line);
        }
    }

    private void DescribeChanges()
    {
        foreach (ScriptedReplica node in _nodes.Values)
        {
            string state = node.Describe();
            if (_lastStates[node.Id] != state)
            {
                _lastStates[node.Id] = state;
                _output.Add($"= {state}");
            }
        }
    }

    private ScriptedReplica NodeOf(TranscriptCommand command) =>
        _nodes.GetValueOrDefault(command.Number(0)) ?? throw new FormatException($"there is no node {command.Number(0)}");

    private void ForEach(TranscriptCommand command, Action<ScriptedReplica> action)
    {
        foreach (int id in command.Words.Count > 0 ? command.Numbers() : [.. _nodes.Keys])
        {
            action(_nodes[id]);
        }
    }
}
