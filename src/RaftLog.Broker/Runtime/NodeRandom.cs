using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Raft;

namespace RaftLog.Broker.Runtime;

/// <summary>Gives the cores their random choices from the node's entropy.</summary>
public sealed class NodeRandom(IEntropy entropy) : IRandomSource, IElectionRandom
{
    /// <inheritdoc />
    public int Next(int exclusiveMax) => entropy.Next(exclusiveMax);

    /// <inheritdoc />
    public int Next(int minimum, int limit) => limit <= minimum ? minimum : minimum + entropy.Next(limit - minimum);

    /// <inheritdoc />
    public Uuid NextId() => NewId(entropy);

    /// <summary>A random id of Kafka's form: a version 4 uuid that is not reserved and whose text does not begin with a dash.</summary>
    public static Uuid NewId(IEntropy entropy)
    {
        const byte VersionMask = 0x0f;
        const byte Version4 = 0x40;
        const byte VariantMask = 0x3f;
        const byte Variant = 0x80;
        Span<byte> bytes = stackalloc byte[Uuid.Size];
        Uuid id;
        do
        {
            entropy.Fill(bytes);
            bytes[6] = (byte)((bytes[6] & VersionMask) | Version4);
            bytes[8] = (byte)((bytes[8] & VariantMask) | Variant);
            id = Uuid.Read(bytes);
        } while (id.ToString()[0] == '-');
        return id;
    }
}
