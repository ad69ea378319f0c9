namespace RaftLog.Platform.Tests;

public sealed class EntropyTests
{
    [Fact]
    public void Numbers_stay_below_their_bound_and_reach_all_of_it()
    {
        SystemEntropy entropy = new();
        HashSet<int> seen = [];
        for (int i = 0; i < 1000; i++)
        {
            seen.Add(entropy.Next(4));
        }

        Assert.Equal([0, 1, 2, 3], seen.Order());
    }

    [Fact]
    public void Filled_bytes_differ()
    {
        SystemEntropy entropy = new();
        byte[] one = new byte[16];
        byte[] two = new byte[16];
        entropy.Fill(one);
        entropy.Fill(two);
        Assert.NotEqual(one, two);
    }

    [Fact]
    public void More_bytes_than_the_kernel_gives_at_once_are_all_filled()
    {
        const int pieces = 64;
        byte[] bytes = new byte[1 << 16];
        new SystemEntropy().Fill(bytes);
        Assert.All(bytes.Chunk(bytes.Length / pieces), piece => Assert.Contains(piece, each => each != 0));
    }

    [Fact]
    public void A_bound_without_any_number_below_it_is_rejected() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SystemEntropy().Next(0));
}
