using System.Buffers.Binary;
using System.Net;
using DotNext.Buffers;
using DotNext.Net.Cluster.Consensus.Raft.Membership;

namespace RaftLog.Benchmarks.ReplicatedLogs;

/// <summary>The members of a DotNext cluster on this machine, known from the start: a member is its port.</summary>
internal sealed class LoopbackMembers : InMemoryClusterConfigurationStorage<EndPoint>
{
    /// <summary>Takes the members.</summary>
    public LoopbackMembers(IEnumerable<int> ports)
    {
        Builder members = CreateInitialConfigurationBuilder();
        foreach (int port in ports)
        {
            members.Add(new IPEndPoint(IPAddress.Loopback, port));
        }

        members.Build();
    }

    /// <inheritdoc/>
    protected override void Encode(EndPoint address, ref BufferWriterSlim<byte> output)
    {
        Span<byte> port = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(port, ((IPEndPoint)address).Port);
        output.Write(port);
    }

    /// <inheritdoc/>
    protected override EndPoint Decode(ref SequenceReader reader)
    {
        Span<byte> port = stackalloc byte[sizeof(int)];
        reader.Read(port);
        return new IPEndPoint(IPAddress.Loopback, BinaryPrimitives.ReadInt32LittleEndian(port));
    }
}
