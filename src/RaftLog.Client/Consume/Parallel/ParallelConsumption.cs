using System.Runtime.CompilerServices;
using RaftLog.Client.Connections;
using RaftLog.Client.Groups;

namespace RaftLog.Client.Consume.Parallel;

/// <summary>Reads a consumer's partitions by handlers or streams that go side by side.</summary>
internal sealed class ParallelConsumption(
    ConsumerOptions consumerOptions,
    ClientRuntime runtime,
    Assignment assignment,
    ConsumerReader reader,
    ConsumerGroup? group
)
{
    private RecordProcessor? _processor;

    /// <summary>Since when the oldest handler runs, on the client's clock; null where none is under way.</summary>
    public long? OldestMs => Volatile.Read(ref _processor)?.OldestMs;

    /// <inheritdoc cref="Consumer.ProcessAsync"/>
    public async Task RunAsync(
        Func<ConsumedRecord, CancellationToken, ValueTask> handler,
        ProcessingOptions? options,
        CancellationToken cancel
    )
    {
        ArgumentNullException.ThrowIfNull(handler);
        options ??= new ProcessingOptions();
        options.Validate();
        RecordProcessor processor = new(reader, assignment.Offsets, runtime, options, consumerOptions, handler);
        assignment.Offsets.CommitsStored = true;
        group?.WorkBeside(processor);
        Volatile.Write(ref _processor, processor);
        try
        {
            await processor.RunAsync(cancel);
        }
        finally
        {
            group?.WorkBeside(null);
            Volatile.Write(ref _processor, null);
            if (consumerOptions.AutoCommit && group is not null)
            {
                await group.TryCommitAsync();
            }
        }
    }

    /// <inheritdoc cref="Consumer.ConsumePartitionsAsync"/>
    public async IAsyncEnumerable<PartitionStream> StreamsAsync(
        ProcessingOptions? options,
        [EnumeratorCancellation] CancellationToken cancel
    )
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        PartitionStreams streams = new(runtime, end.Token);
        Task reading = ReadPartitionsAsync(
            streams,
            (options ?? new ProcessingOptions()) with
            {
                Order = ProcessingOrder.Partition,
                MaxConcurrency = int.MaxValue,
            },
            end.Token
        );
        try
        {
            while (await streams.NextAsync() is { } stream)
            {
                yield return stream;
            }
        }
        finally
        {
            end.Cancel();
            await reading;
        }
    }

    private async Task ReadPartitionsAsync(PartitionStreams streams, ProcessingOptions options, CancellationToken cancel)
    {
        try
        {
            await RunAsync(streams.HandleAsync, options, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The reader of a stream had the same token, and was faster.
        }
        finally
        {
            streams.End();
        }
    }
}
