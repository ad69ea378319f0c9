using System.Buffers.Binary;

namespace RaftLog.Client.Produce;

/// <summary>
/// MurmurHash2 (Austin Appleby, public domain) with the seed that Kafka's clients share, so that all of them agree on a key's partition.
/// </summary>
internal static class Murmur2
{
    private const uint Seed = 0x9747b28c;
    private const uint Multiplier = 0x5bd1e995;
    private const int Rotation = 24;

    public static int Hash(ReadOnlySpan<byte> data)
    {
        uint hash = Seed ^ (uint)data.Length;
        while (data.Length >= sizeof(uint))
        {
            uint block = BinaryPrimitives.ReadUInt32LittleEndian(data) * Multiplier;
            block = (block ^ (block >> Rotation)) * Multiplier;
            hash = (hash * Multiplier) ^ block;
            data = data[sizeof(uint)..];
        }

        for (int i = data.Length - 1; i >= 0; i--)
        {
            hash ^= (uint)data[i] << (8 * i);
        }

        hash = data.IsEmpty ? hash : hash * Multiplier;
        hash = (hash ^ (hash >> 13)) * Multiplier;
        return (int)(hash ^ (hash >> 15));
    }

    /// <summary>The partition of a key among <paramref name="partitions"/>, as the Java client's default partitioner has it.</summary>
    public static int Partition(ReadOnlySpan<byte> key, int partitions) => (Hash(key) & int.MaxValue) % partitions;
}
