using RaftLog.Platform.Buffers;
using RaftLog.Protocol;

namespace RaftLog.Platform.Tests;

public sealed class IncomingFrameTests
{
    private static readonly BufferPoolLimits Limits = new(MaxBytes: 100 << 20, MaxIdleBytes: 16 << 20, TimeSpan.FromSeconds(10));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(100_000)]
    [InlineData(1 << 20)]
    [InlineData(20_000_000)]
    [InlineData(80_000_000)]
    [InlineData(100 << 20)]
    public void A_frame_keeps_its_bytes_however_it_grows(int length)
    {
        using BufferPool pool = new(new ManualTime(), Limits, poison: true);
        byte[] sent = new byte[length];
        Random random = new(length);
        random.NextBytes(sent);
        using IncomingFrame frame = TryStart(pool, length)!;
        while (!frame.IsComplete)
        {
            int part = Math.Min(1 + random.Next(300_000), frame.Free.Length);
            sent.AsSpan(frame.Received, part).CopyTo(frame.Free.Span);
            Assert.True(frame.TryAdvance(part));
        }

        PooledBuffer buffer = frame.Detach();
        Assert.Equal(length, buffer.Length);
        Assert.True(buffer.Span.SequenceEqual(sent));
        buffer.Release();
        frame.Dispose();
        Assert.Equal(0, pool.LeasedBytes);
    }

    [Fact]
    public void A_pool_without_pressure_gives_an_ordinary_frame_its_size_at_once()
    {
        using BufferPool pool = new(new ManualTime(), Limits);
        using IncomingFrame frame = TryStart(pool, 1 << 20)!;
        Assert.Equal(1 << 20, frame.Free.Length);
    }

    [Fact]
    public void A_thousand_peers_that_announce_much_and_send_nothing_leave_room_for_the_rest()
    {
        using BufferPool pool = new(new ManualTime(), Limits);
        List<IncomingFrame> hostile = [];
        for (int i = 0; i < 1000; i++)
        {
            hostile.Add(TryStart(pool, 100_000_000)!);
        }

        Assert.InRange(pool.LeasedBytes, 0, Limits.MaxBytes);
        using IncomingFrame? honest = TryStart(pool, 500);
        Assert.NotNull(honest);
        hostile.ForEach(frame => frame.Dispose());
    }

    [Fact]
    public void Peers_that_fill_the_budget_are_rejected_and_their_memory_comes_back()
    {
        using BufferPool pool = new(new ManualTime(), Limits);
        List<IncomingFrame> frames = [];
        bool rejected = false;
        while (!rejected && TryStart(pool, 50_000_000) is { } frame)
        {
            frames.Add(frame);
            while (!rejected && frame.Received < 40_000_000)
            {
                rejected = !frame.TryAdvance(frame.Free.Length);
            }
        }

        Assert.True(rejected);
        Assert.InRange(pool.LeasedBytes, 1, Limits.MaxBytes);
        frames.ForEach(frame => frame.Dispose());
        Assert.Equal(0, pool.LeasedBytes);
    }

    [Fact]
    public void Half_a_frame_cannot_be_taken()
    {
        using BufferPool pool = new(new ManualTime(), Limits);
        using IncomingFrame frame = TryStart(pool, 10)!;
        frame.TryAdvance(9);
        Assert.Throws<InvariantException>(() => frame.Detach());
    }

    [Fact]
    public void More_than_the_room_cannot_have_been_received()
    {
        using BufferPool pool = new(new ManualTime(), Limits);
        using IncomingFrame frame = TryStart(pool, 10)!;
        Assert.Throws<InvariantException>(() => frame.TryAdvance(11));
    }

    private static IncomingFrame? TryStart(BufferPool pool, int length)
    {
        IncomingFrame frame = new();
        return frame.TryStart(pool, length) ? frame : null;
    }
}
