using System.Buffers.Binary;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Tests.Messages;

/// <summary>
/// Frames that are cut, damaged or made to claim too much end as a <see cref="ProtocolException"/> or as a message, never otherwise, and
/// cost memory in proportion to their own size.
/// </summary>
public class HostileFrameTests
{
    /// <summary>
    /// Bytes of objects that one byte of a frame may cost: an element of two bytes becomes an object and a place in a list.
    /// </summary>
    private const int AllocationPerByte = 64;

    /// <summary>What a message, an exception and its text may cost by themselves.</summary>
    private const int AllocationAtLeast = 16 * 1024;

    private const int Positions = 16;

    [Fact]
    public void Truncated_frames_are_rejected()
    {
        Survives(static (frame, random) => frame[..random.Next(frame.Length)]);
    }

    [Fact]
    public void Frames_with_flipped_bits_are_read_or_rejected()
    {
        Survives(
            static (frame, random) =>
            {
                for (int flips = random.Next(1, 4); flips > 0; flips--)
                {
                    frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
                }

                return frame;
            }
        );
    }

    [Fact]
    public void Frames_with_overwritten_bytes_are_read_or_rejected()
    {
        Survives(
            static (frame, random) =>
            {
                int at = random.Next(frame.Length);
                random.NextBytes(frame.AsSpan(at, Math.Min(random.Next(1, 9), frame.Length - at)));
                return frame;
            }
        );
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    [InlineData(-1)]
    [InlineData(-2)]
    [InlineData(0x00FFFFFF)]
    [InlineData(0x10000)]
    public void Classic_lengths_and_counts_that_are_not_possible_are_read_or_rejected(int claim)
    {
        Survives(
            (frame, random) =>
            {
                if (frame.Length >= 4)
                {
                    BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(random.Next(frame.Length - 3)), claim);
                }

                return frame;
            }
        );
    }

    [Theory]
    [InlineData("FFFFFFFF07")]
    [InlineData("FFFFFFFF0F")]
    [InlineData("FFFFFFFFFF")]
    [InlineData("FFFF03")]
    public void Compact_lengths_and_counts_that_are_not_possible_are_read_or_rejected(string claim)
    {
        byte[] length = Convert.FromHexString(claim);
        Survives((frame, random) => [.. frame.AsSpan(0, random.Next(frame.Length)), .. length, .. frame.AsSpan(random.Next(frame.Length))]);
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0x01)]
    [InlineData(0x02)]
    [InlineData(0x03)]
    [InlineData(0x7F)]
    [InlineData(0xFF)]
    public void Large_frames_of_one_byte_cost_memory_in_proportion(byte value)
    {
        byte[] frame = new byte[100_000];
        Array.Fill(frame, value);
        foreach (MessageType type in MessageType.All)
        {
            foreach (short version in type.Versions)
            {
                Read(type, version, frame);
            }
        }
    }

    [Fact]
    public void A_large_frame_that_claims_as_many_elements_as_it_has_bytes_costs_memory_in_proportion()
    {
        byte[] frame = new byte[200_000];
        foreach (MessageType type in MessageType.All)
        {
            for (int at = 0; at < 24; at++)
            {
                frame.AsSpan().Fill(2);
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(at), frame.Length / 8);
                Read(type, type.Lowest, frame);
                frame.AsSpan().Fill(2);
                frame[at] = 0xFF;
                frame[at + 1] = 0xFF;
                frame[at + 2] = 0x05;
                Read(type, type.Highest, frame);
            }
        }
    }

    private static void Survives(Func<byte[], Random, byte[]> damage)
    {
        Random random = new(20261121);
        foreach (MessageType type in MessageType.All)
        {
            foreach (GoldenFrame frame in GoldenFrame.Of(type.Name).Where(f => f.Bytes.Length > 0 && type.Versions.Contains(f.Version)))
            {
                for (int i = 0; i < Positions; i++)
                {
                    Read(type, frame.Version, damage([.. frame.Bytes], random));
                }
            }
        }
    }

    private static void Read(MessageType type, short version, byte[] frame)
    {
        IMessage message = type.New();
        WireReader reader = new(frame);
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            message.Read(ref reader, version);
        }
        catch (ProtocolException)
        {
            // The one exception that a frame may cause.
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(
            allocated <= AllocationAtLeast + (long)AllocationPerByte * frame.Length,
            $"{type} v{version}: {allocated} bytes for a frame of {frame.Length}: "
                + $"{Convert.ToHexString(frame.AsSpan(0, Math.Min(64, frame.Length)))}"
        );
    }
}
