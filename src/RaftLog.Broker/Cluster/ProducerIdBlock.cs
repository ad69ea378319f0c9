using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Cluster;

/// <summary>Hands out producer ids from blocks that the controller allocates (KIP-730); ids of a block that a crash leaves over are never used.</summary>
internal sealed class ProducerIdBlock(NodeId self, Func<BrokerEpoch> epoch, IControllerChannel controller, TimeSpan timeout)
{
    private readonly Lock _gate = new();
    private long _next;
    private long _end;
    private Task<ErrorCode>? _allocating;

    /// <summary>The next id, or why there is none.</summary>
    public async ValueTask<(ProducerId Id, ErrorCode Error)> TakeAsync()
    {
        while (true)
        {
            Task<ErrorCode> allocating;
            lock (_gate)
            {
                if (_next < _end)
                {
                    return (new ProducerId(_next++), ErrorCode.None);
                }

                allocating = _allocating ??= AllocateAsync();
            }

            ErrorCode error = await allocating;
            if (error != ErrorCode.None)
            {
                return (ProducerId.None, error);
            }
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
                _next = response.ProducerIdStart.Value;
                _end = _next + response.ProducerIdLen;
            }
        }

        return response is { ErrorCode: ErrorCode.None } ? ErrorCode.None : ErrorCode.CoordinatorLoadInProgress;
    }
}
