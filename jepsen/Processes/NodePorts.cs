using RaftLog.TestKit;

namespace RaftLog.Jepsen.Processes;

/// <summary>The ports of a node: where it listens, and where others are told to connect, which is the harness.</summary>
/// <param name="Clients">Where it listens for clients and brokers.</param>
/// <param name="Quorum">Where it listens for the metadata quorum.</param>
/// <param name="ClientsProxy">The harness's port before the first.</param>
/// <param name="QuorumProxy">The harness's port before the second.</param>
internal readonly record struct NodePorts(int Clients, int Quorum, int ClientsProxy, int QuorumProxy)
{
    public static NodePorts Take() => new(FreePorts.Take(), FreePorts.Take(), FreePorts.Take(), FreePorts.Take());
}
