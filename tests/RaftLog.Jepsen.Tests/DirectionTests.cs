using RaftLog.Jepsen.Network;

namespace RaftLog.Jepsen.Tests;

/// <summary>What is cut is held, counted, and delivered when the way is open again.</summary>
public sealed class DirectionTests
{
    [Fact]
    public async Task An_open_way_passes_everything_and_counts_nothing()
    {
        Direction direction = new();
        await direction.PassAsync(CancellationToken.None);

        Assert.Equal(0, direction.Effects);
    }

    [Fact]
    public async Task A_cut_way_holds_until_it_is_healed_through_a_second_cut_too()
    {
        Direction direction = new();
        direction.Cut();
        Task held = direction.PassAsync(CancellationToken.None).AsTask();
        direction.Cut();

        Assert.False(held.IsCompleted);
        Assert.Equal(1, direction.Effects);
        direction.Heal();
        await held;
    }

    [Fact]
    public async Task What_is_held_of_a_connection_that_ends_is_dropped()
    {
        Direction direction = new();
        direction.Cut();
        using CancellationTokenSource end = new();
        Task held = direction.PassAsync(end.Token).AsTask();
        end.Cancel();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held);
    }
}
