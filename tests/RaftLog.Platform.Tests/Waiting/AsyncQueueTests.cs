using RaftLog.Platform.Waiting;

namespace RaftLog.Platform.Tests;

public sealed class AsyncQueueTests
{
    [Fact]
    public void Items_leave_in_the_order_they_came()
    {
        using Waiters waiters = new(new ManualTime());
        AsyncQueue<int> queue = new(waiters, 10);
        Assert.True(queue.TryEnqueue(1));
        Assert.True(queue.TryEnqueue(2));
        Assert.Equal(2, queue.Count);
        Assert.True(queue.TryDequeue(out int one));
        Assert.True(queue.TryDequeue(out int two));
        Assert.Equal((1, 2), (one, two));
        Assert.False(queue.TryDequeue(out _));
    }

    [Fact]
    public void A_full_queue_says_no()
    {
        using Waiters waiters = new(new ManualTime());
        AsyncQueue<int> queue = new(waiters, 2);
        Assert.True(queue.TryEnqueue(1));
        Assert.True(queue.TryEnqueue(2));
        Assert.False(queue.TryEnqueue(3));
        queue.TryDequeue(out _);
        Assert.True(queue.TryEnqueue(3));
    }

    [Fact]
    public void A_completed_queue_gives_what_it_holds_and_then_ends()
    {
        using Waiters waiters = new(new ManualTime());
        AsyncQueue<int> queue = new(waiters, 2);
        queue.TryEnqueue(1);
        queue.Complete();
        Assert.False(queue.TryEnqueue(2));
        Assert.True(queue.WaitToReadAsync().Now());
        queue.TryDequeue(out _);
        Assert.False(queue.WaitToReadAsync().Now());
    }

    [Fact]
    public async Task Many_producers_lose_nothing_to_one_consumer()
    {
        using Waiters waiters = new(TimeProvider.System);
        AsyncQueue<int> queue = new(waiters, 1000);
        const int each = 5000;
        Task[] producers =
        [
            .. Enumerable
                .Range(0, 4)
                .Select(p =>
                    Task.Run(async () =>
                    {
                        for (int i = 0; i < each; i++)
                        {
                            while (!queue.TryEnqueue((p * each) + i))
                            {
                                await Task.Yield();
                            }
                        }
                    })
                ),
        ];
        Task all = Task.WhenAll(producers).ContinueWith(_ => queue.Complete(), TaskScheduler.Default);
        int[] last = [-1, -1, -1, -1];
        int count = 0;
        while (await queue.WaitToReadAsync())
        {
            while (queue.TryDequeue(out int item))
            {
                Assert.True(item % each > last[item / each]);
                last[item / each] = item % each;
                count++;
            }
        }

        await all;
        Assert.Equal(4 * each, count);
    }

    [Fact]
    public void On_one_thread_the_consumer_goes_on_in_its_context()
    {
        OneThread.Run(context =>
        {
            using Waiters waiters = new(new ManualTime());
            AsyncQueue<int> queue = new(waiters, 10);
            List<int> got = [];
            Task consumer = ConsumeAsync();
            queue.TryEnqueue(1);
            queue.TryEnqueue(2);
            context.Pump();
            Assert.Equal([1, 2], got);
            queue.Complete();
            context.Pump();
            Assert.True(consumer.IsCompletedSuccessfully);

            async Task ConsumeAsync()
            {
                while (await queue.WaitToReadAsync())
                {
                    Assert.False(Thread.CurrentThread.IsThreadPoolThread);
                    while (queue.TryDequeue(out int item))
                    {
                        got.Add(item);
                    }
                }
            }
        });
    }
}
