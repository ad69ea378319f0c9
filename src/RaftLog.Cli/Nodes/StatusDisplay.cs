using RaftLog.Broker;
using RaftLog.Broker.Configuration;
using RaftLog.Cli.Output;

namespace RaftLog.Cli.Nodes;

/// <summary>Shows how nodes come up: a table that is redrawn on a terminal when it changes, one line a node elsewhere.</summary>
internal sealed class StatusDisplay(IReadOnlyList<RunningNode> nodes, TimeProvider time)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(5);

    private readonly bool _isTerminal = !Console.IsOutputRedirected;
    private readonly long?[] _readyAfterMs = new long?[nodes.Count];
    private string _drawn = "";

    /// <summary>Shows the nodes until all are ready: true. False when a stop is asked for first.</summary>
    public async Task<bool> ShowUntilReadyAsync(Task stop)
    {
        while (!stop.IsCompleted)
        {
            bool allReady = NoteReady();
            if (_isTerminal)
            {
                Redraw();
            }

            if (allReady)
            {
                Console.WriteLine($"ready: {nodes.Count} nodes in {ProcessAge.Milliseconds(time)} ms");
                return true;
            }

            await Task.Delay(LookInterval, time);
        }

        return false;
    }

    private bool NoteReady()
    {
        bool allReady = true;
        for (int i = 0; i < nodes.Count; i++)
        {
            if (_readyAfterMs[i] is null && nodes[i].Node.Ready.IsCompletedSuccessfully)
            {
                _readyAfterMs[i] = ProcessAge.Milliseconds(time);
                if (!_isTerminal)
                {
                    Console.WriteLine($"node {nodes[i].Config.NodeId} is ready on {nodes[i].Address} after {_readyAfterMs[i]} ms");
                }
            }

            allReady &= _readyAfterMs[i] is not null;
        }

        return allReady;
    }

    private void Redraw()
    {
        Table table = new("NODE", "ROLES", "ADDRESS", "STATE", "QUORUM LEADER", "READY AFTER");
        for (int i = 0; i < nodes.Count; i++)
        {
            Node node = nodes[i].Node;
            table.Add(
                $"{node.Id}",
                RolesOf(nodes[i].Config.Roles),
                nodes[i].Address,
                $"{node.State}".ToLowerInvariant(),
                node.QuorumLeader.IsNode ? $"{node.QuorumLeader}" : "-",
                _readyAfterMs[i] is { } ms ? $"{ms} ms" : "-"
            );
        }

        string text = table.ToString();
        if (text != _drawn)
        {
            int linesBefore = _drawn.Length == 0 ? 0 : nodes.Count + 1;
            Console.Write(linesBefore == 0 ? text : $"\e[{linesBefore}A\e[J{text}");
            _drawn = text;
        }
    }

    private static string RolesOf(ProcessRoles roles) =>
        roles switch
        {
            ProcessRoles.Broker => "broker",
            ProcessRoles.Controller => "controller",
            _ => "broker, controller",
        };
}
