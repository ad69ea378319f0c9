using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Requests;
using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// ListTransactions (66), versions 0 to 2: the transactions that this node coordinates, filtered by state, producer, duration (KIP-994) and
/// a pattern (KIP-1152) that must match the whole id.
/// </summary>
internal sealed class ListTransactionsHandler(CoordinatorShards<TransactionCoordinatorState> shards)
    : IRequestHandler<ListTransactionsRequest, ListTransactionsResponse>
{
    public async ValueTask<ListTransactionsResponse?> HandleAsync(ListTransactionsRequest request, RequestContext context)
    {
        HashSet<TransactionStatus> statuses = [];
        ListTransactionsResponse response = new();
        foreach (string name in request.StateFilters)
        {
            if (Enum.GetNames<TransactionStatus>().Contains(name))
            {
                statuses.Add(Enum.Parse<TransactionStatus>(name));
            }
            else
            {
                response.UnknownStateFilters.Add(name);
            }
        }

        if (!TryRead(request.TransactionalIdPattern, out Regex? pattern))
        {
            return new ListTransactionsResponse { ErrorCode = ErrorCode.InvalidRegularExpression };
        }

        if (request.StateFilters.Count > 0 && statuses.Count == 0)
        {
            return response;
        }

        TransactionFilter filter = new(
            statuses,
            request.ProducerIdFilters.Select(id => new ProducerId(id)).ToHashSet(),
            request.DurationFilter,
            pattern
        );
        List<Task<ListTransactionsResponse>> underWay =
        [
            .. shards.All.Select(shard =>
                shard.CallAsync(
                    mayWrite: false,
                    (state, token, now, outbox) => state.List(token, filter, now, outbox),
                    error => new ListTransactionsResponse { ErrorCode = error }
                )
            ),
        ];
        foreach (Task<ListTransactionsResponse> each in underWay)
        {
            ListTransactionsResponse listed = await each;
            if (listed.ErrorCode is ErrorCode.CoordinatorLoadInProgress or ErrorCode.CoordinatorNotAvailable)
            {
                return new ListTransactionsResponse { ErrorCode = listed.ErrorCode };
            }

            // A partition that has just left this node is listed by its next coordinator.
            response.TransactionStates.AddRange(listed.TransactionStates);
        }

        return response;
    }

    private static bool TryRead(string? text, [NotNullWhen(true)] out Regex? pattern)
    {
        try
        {
            string expression = string.IsNullOrEmpty(text) ? ".*" : text;
            pattern = new Regex(
                $@"\A(?:{expression})\z",
                RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline
            );
            return true;
        }
        catch (Exception unusable) when (unusable is ArgumentException or NotSupportedException)
        {
            pattern = null;
            return false;
        }
    }
}
