using RaftLog.Platform.Buffers;
using RaftLog.Protocol;

namespace RaftLog.Platform.Tests;

public sealed class BufferPoolTests
{
    private static readonly BufferPoolLimits Limits = new(MaxBytes: 8 << 20, MaxIdleBytes: 2 << 20, TimeSpan.FromSeconds(10));

    [Theory]
    [InlineData(0, 4 << 10)]
    [InlineData(1, 4 << 10)]
    [InlineData(4096, 4 << 10)]
    [InlineData(4097, 16 << 10)]
    [InlineData(16 << 10, 16 << 10)]
    [InlineData((16 << 10) + 1, 64 << 10)]
    [InlineData(64 << 10, 64 << 10)]
    [InlineData((64 << 10) + 1, 256 << 10)]
    [InlineData((256 << 10) + 1, 1 << 20)]
    [InlineData(1 << 20, 1 << 20)]
    [InlineData((1 << 20) + 1, (1 << 20) + 1)]
    [InlineData(3_000_000, 3_000_000)]
    public void A_lease_has_the_length_asked_for_and_costs_its_class(int length, int cost)
    {
        using BufferPool pool = new(new ManualTime(), Limits);
        PooledBuffer buffer = pool.TryRent(length)!.Value;
        Assert.Equal(length, buffer.Length);
        Assert.Equal(length, buffer.Memory.Length);
        Assert.Equal(length, buffer.Span.Length);
        Assert.Equal(cost, pool.LeasedBytes);
        buffer.Release();
        Assert.Equal(0, pool.LeasedBytes);
    }

    [Fact]
    public void Large_buffers_are_used_again_where_the_limits_say_so_and_given_up_when_they_lie_unused()
    {
        const int Size = (1 << 20) + 100;
        ManualTime time = new();
        using BufferPool pool = new(time, new BufferPoolLimits(8 << 20, 4 << 20, TimeSpan.FromSeconds(10), ReusesLarge: true));
        PooledBuffer buffer = pool.TryRent(Size)!.Value;
        Assert.Equal(Size, buffer.Length);
        Assert.Equal(2 << 20, pool.LeasedBytes);
        buffer.Span[0] = 77;
        buffer.Release();
        Assert.Equal((0, 2 << 20), (pool.LeasedBytes, pool.IdleBytes));

        PooledBuffer small = pool.TryRent(1 << 20)!.Value;
        Assert.Equal(2 << 20, pool.IdleBytes);
        PooledBuffer again = pool.TryRent(Size + 1)!.Value;
        Assert.Equal((77, Size + 1, 0L), (again.Span[0], again.Length, pool.IdleBytes));
        PooledBuffer other = pool.TryRent(5 << 20)!.Value;
        Assert.Null(pool.TryRent(1));
        small.Release();
        again.Release();
        other.Release();
        Assert.Equal((0, 3 << 20), (pool.LeasedBytes, pool.IdleBytes));
        time.Advance(TimeSpan.FromSeconds(20));
        time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(0, pool.IdleBytes);
    }

    [Fact]
    public void The_last_release_gives_the_memory_back_and_it_is_used_again()
    {
        using BufferPool pool = new(new ManualTime(), Limits);
        PooledBuffer buffer = pool.TryRent(5000)!.Value;
        buffer.Span[0] = 77;
        buffer.Retain();
        buffer.Release();
        Assert.Equal(0, pool.IdleBytes);
        Assert.Equal(77, buffer.Span[0]);
        buffer.Release();
        Assert.Equal(16 << 10, pool.IdleBytes);
        PooledBuffer again = pool.TryRent(9000)!.Value;
        Assert.Equal(77, again.Span[0]);
        Assert.Equal(0, pool.IdleBytes);
    }

    [Fact]
    public void A_second_release_is_a_broken_invariant_and_hurts_no_other_lease()
    {
        using BufferPool pool = new(new ManualTime(), Limits);
        PooledBuffer buffer = pool.TryRent(1)!.Value;
        buffer.Release();
        PooledBuffer next = pool.TryRent(1)!.Value;
        Assert.Throws<InvariantException>(buffer.Release);
        Assert.Throws<InvariantException>(buffer.Retain);
        Assert.Throws<InvariantException>(() => buffer.Memory);
        Assert.Throws<InvariantException>(() => buffer.Span[0]);
        next.Span[0] = 1;
        next.Release();
    }

    [Fact]
    public void Beyond_the_budget_a_rent_is_rejected_until_something_is_released()
    {
        using BufferPool pool = new(new ManualTime(), Limits);
        List<PooledBuffer> taken = [];
        while (pool.TryRent(1 << 20) is { } buffer)
        {
            taken.Add(buffer);
        }

        Assert.Equal(8, taken.Count);
        Assert.Equal(0, pool.FreeBytes);
        Assert.Null(pool.TryRent(1));
        taken[0].Release();
        Assert.NotNull(pool.TryRent(1));
    }

    [Fact]
    public void No_more_than_the_idle_bound_is_kept()
    {
        using BufferPool pool = new(new ManualTime(), Limits);
        List<PooledBuffer> taken = [.. Enumerable.Range(0, 6).Select(_ => pool.TryRent(1 << 20)!.Value)];
        taken.ForEach(buffer => buffer.Release());
        Assert.Equal(2 << 20, pool.IdleBytes);
    }

    [Fact]
    public void What_lies_unused_is_given_up_and_what_is_in_use_is_kept()
    {
        ManualTime time = new();
        using BufferPool pool = new(time, Limits);
        List<PooledBuffer> taken = [.. Enumerable.Range(0, 8).Select(_ => pool.TryRent(4096)!.Value)];
        taken.ForEach(buffer => buffer.Release());

        for (int i = 0; i < 6; i++)
        {
            pool.TryRent(1)!.Value.Release();
            time.Advance(TimeSpan.FromSeconds(4));
        }

        Assert.Equal(4096, pool.IdleBytes);
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(0, pool.IdleBytes);
        Assert.Equal(0, time.TimersArmed);
    }

    [Fact]
    public void A_poisoned_pool_shows_use_after_release()
    {
        using BufferPool pool = new(new ManualTime(), Limits, poison: true);
        PooledBuffer buffer = pool.TryRent(10)!.Value;
        Memory<byte> kept = buffer.Memory;
        kept.Span.Fill(1);
        buffer.Release();
        Assert.Equal(0xDB, kept.Span[0]);
    }

    [Fact]
    public void A_lease_allocates_nothing_in_steady_state()
    {
        using BufferPool pool = new(new ManualTime(), Limits);
        pool.TryRent(100)!.Value.Release();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            PooledBuffer buffer = pool.TryRent(100)!.Value;
            buffer.Retain();
            buffer.Release();
            buffer.Release();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Threads_share_the_pool_and_never_a_buffer()
    {
        using BufferPool pool = new(TimeProvider.System, Limits);
        Parallel.For(
            0,
            4,
            p =>
            {
                Random random = new(p);
                for (int i = 0; i < 20_000; i++)
                {
                    if (pool.TryRent(random.Next(20_000)) is { } buffer)
                    {
                        buffer.Span.Fill((byte)p);
                        Assert.True(buffer.Span.IndexOfAnyExcept((byte)p) < 0);
                        buffer.Release();
                    }
                }
            }
        );
        Assert.Equal(0, pool.LeasedBytes);
    }
}
