using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Cluster;

/// <summary>
/// Hands out producer ids from blocks that the controller allocates (KIP-730); ids of a block that a crash leaves over are never used. The
/// next block is asked for when the present one runs low, so that whoever cannot wait finds an id.
/// </summary>
internal sealed class ProducerIdBlock(NodeId self, Func<BrokerEpoch> epoch, IControllerChannel controller, TimeSpan timeout)
{
    private const long Low = 100;

    private readonly Lock _gate = new();
    private long _next;
    private long _end;
    private long _spareStart;
    private long _spareEnd;
    private Task<ErrorCode>? _allocating;

    /// <summary>The next id, or why there is none.</summary>
    public async ValueTask<(ProducerId Id, ErrorCode Error)> TakeAsync()
    {
        while (true)
        {
            if (TryTake(out ProducerId id, out Task<ErrorCode>? allocating))
            {
                return (id, ErrorCode.None);
            }

            ErrorCode error = await allocating!;
            if (error != ErrorCode.None)
            {
                return (ProducerId.None, error);
            }
        }
    }

    /// <summary>Takes an id at once; false when there is none, while more are asked for.</summary>
    public bool TryTake(out ProducerId id) => TryTake(out id, out _);

    /// <summary>Waits until there are ids, unless there are; an error when the controller gives none.</summary>
    public async ValueTask<ErrorCode> FillAsync()
    {
        Task<ErrorCode> allocating;
        lock (_gate)
        {
            if (_next < _end || _spareStart < _spareEnd)
            {
                return ErrorCode.None;
            }

            allocating = _allocating ??= AllocateAsync();
        }

        return await allocating;
    }

    private bool TryTake(out ProducerId id, out Task<ErrorCode>? allocating)
    {
        lock (_gate)
        {
            if (_next == _end)
            {
                (_next, _end) = (_spareStart, _spareEnd);
                _spareStart = _spareEnd;
            }

            bool isLow = _end - _next <= Low && _spareStart == _spareEnd;
            allocating = isLow ? _allocating ??= AllocateAsync() : null;
            bool taken = _next < _end;
            id = taken ? new ProducerId(_next++) : ProducerId.None;
            return taken;
        }
    }

    private async Task<ErrorCode> AllocateAsync()
    {
        // The task must be stored before it can end: whoever ends it clears the field.
        await Task.Yield();
        AllocateProducerIdsRequest request = new() { BrokerId = self, BrokerEpoch = epoch() };
        AllocateProducerIdsResponse? response = await controller.SendAsync(request, timeout);
        lock (_gate)
        {
            _allocating = null;
            if (response is { ErrorCode: ErrorCode.None })
            {
                _spareStart = response.ProducerIdStart.Value;
                _spareEnd = _spareStart + response.ProducerIdLen;
            }
        }

        return response is { ErrorCode: ErrorCode.None } ? ErrorCode.None : ErrorCode.CoordinatorLoadInProgress;
    }
}
