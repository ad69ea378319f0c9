using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>DescribeTransactions (65), version 0: how transactional ids stand that this node coordinates (KIP-664).</summary>
internal sealed class DescribeTransactionsHandler(CoordinatorShards<TransactionCoordinatorState> shards)
    : IRequestHandler<DescribeTransactionsRequest, DescribeTransactionsResponse>
{
    public async ValueTask<DescribeTransactionsResponse?> HandleAsync(DescribeTransactionsRequest request, RequestContext context)
    {
        List<Task<DescribeTransactionsResponse>> underWay = [.. request.TransactionalIds.Select(DescribeAsync)];
        DescribeTransactionsResponse response = new();
        foreach (Task<DescribeTransactionsResponse> each in underWay)
        {
            response.TransactionStates.AddRange((await each).TransactionStates);
        }

        return response;
    }

    private Task<DescribeTransactionsResponse> DescribeAsync(string id) =>
        id.Length == 0
            ? Task.FromResult(Rejected(id, ErrorCode.InvalidRequest))
            : shards.CallAsync(
                id,
                mayWrite: false,
                (state, token, _, outbox) => state.Describe(token, id, outbox),
                error => Rejected(id, error)
            );

    private static DescribeTransactionsResponse Rejected(string id, ErrorCode error) =>
        new() { TransactionStates = [new() { TransactionalId = id, ErrorCode = error }] };
}
