using System.Diagnostics;
using RaftLog.Client.Connections;
using RaftLog.Client.Observability;
using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>Shows records that are handed over, and their ends, to interceptors, spans and measurements; where there are none it adds
/// nothing.</summary>
internal sealed class ObservedRecords(
    IReadOnlyList<IProducerInterceptor> interceptors,
    ClientRuntime runtime,
    BufferBudget budget,
    AwaitedRecords inner
)
{
    /// <summary>True while anybody looks.</summary>
    public bool HasObservers => interceptors.Count > 0 || runtime.Telemetry.WatchesSends;

    /// <inheritdoc cref="AwaitedRecords.HandOverAsync"/>
    public ValueTask<ProduceResult> HandOverAsync(
        string topic,
        in ProducerRecord record,
        bool borrowsBytes,
        CancellationToken cancel,
        long held = 0
    ) =>
        interceptors.Count > 0 ? InterceptedAsync(topic, borrowsBytes ? record.Copy() : record, cancel, held)
        : runtime.Telemetry.WatchesSends ? WatchAsync(topic, record, borrowsBytes, cancel, held)
        : inner.HandOverAsync(topic, record, borrowsBytes, cancel, held);

    private async ValueTask<ProduceResult> InterceptedAsync(string topic, ProducerRecord record, CancellationToken cancel, long held)
    {
        Interception interception;
        try
        {
            interception = Interception.Begin(interceptors, topic, ref record);
        }
        catch (Exception)
        {
            budget.Return(held);
            throw;
        }

        try
        {
            ProduceResult result = await WatchAsync(topic, record, borrowsBytes: false, cancel, held);
            interception.End(result, null);
            return result;
        }
        catch (Exception e)
        {
            interception.End(default, e);
            throw;
        }
    }

    /// <summary>With the span and the measurements of the record; its span's context goes into its headers.</summary>
    private async ValueTask<ProduceResult> WatchAsync(
        string topic,
        ProducerRecord record,
        bool borrowsBytes,
        CancellationToken cancel,
        long held
    )
    {
        ClientTelemetry telemetry = runtime.Telemetry;
        long start = runtime.Time.GetTimestamp();
        Activity? send = telemetry.StartSend(topic, record);
        try
        {
            ProducerRecord told = send is null ? record : ClientTelemetry.WithContext(send, record);
            ProduceResult result = await inner.HandOverAsync(topic, told, borrowsBytes, cancel, held);
            telemetry.Sent(topic, result.Partition, runtime.Time.GetElapsedTime(start), send, result.Offset, null);
            return result;
        }
        catch (Exception e)
        {
            telemetry.Sent(topic, record.Partition, runtime.Time.GetElapsedTime(start), send, Offset.None, e);
            throw;
        }
    }
}
