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
}
