using FsCheck;
using FsCheck.Fluent;
using RaftLog.Protocol.Records;

namespace RaftLog.Protocol.Tests.Records;

public class Crc32CTests
{
    [Fact]
    public void The_vectors_of_RFC_3720_hold()
    {
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
        Assert.Equal(0x113FDB5Cu, Crc32C.Compute(Enumerable.Range(0, 32).Select(i => (byte)(31 - i)).ToArray()));
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));
        Assert.Equal(0u, Crc32C.Compute([]));
    }

    [Fact]
    public void Any_length_and_alignment_agrees_with_the_table()
    {
        byte[] data = new byte[200_000];
        new Random(7).NextBytes(data);
        foreach (
            int length in (int[])
                [1, 7, 8, 9, 63, 255, 256, 767, 768, 769, 1023, 1535, 1536, 4096, 12_287, 12_288, 12_289, 49_151, 49_152, 65_536, 199_000]
        )
        {
            for (int start = 0; start < 9; start++)
            {
                ReadOnlySpan<byte> part = data.AsSpan(start, length);
                Assert.Equal(ByTable(part), Crc32C.Compute(part));
            }
        }
    }

    [Property]
    public Property Any_bytes_agree_with_the_table() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), data => ByTable(data) == Crc32C.Compute(data));

    private static readonly uint[] Table = Enumerable
        .Range(0, 256)
        .Select(i =>
        {
            uint crc = (uint)i;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
            }

            return crc;
        })
        .ToArray();

    private static uint ByTable(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte next in data)
        {
            crc = Table[(byte)(crc ^ next)] ^ (crc >> 8);
        }

        return ~crc;
    }
}
