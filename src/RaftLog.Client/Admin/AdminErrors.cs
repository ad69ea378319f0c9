using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>What errors of administration mean.</summary>
internal static class AdminErrors
{
    /// <summary>
    /// A controller that has just lost its office says so for each item: then the whole request is worth another try. Any other error of an
    /// item is its result.
    /// </summary>
    public static ErrorCode OfRouting<T>(List<T> items, Func<T, ErrorCode> errorOf) =>
        items.Exists(item => errorOf(item) == ErrorCode.NotController) ? ErrorCode.NotController : ErrorCode.None;

    /// <summary>Throws what the cluster rejected.</summary>
    /// <exception cref="KafkaException">There was an error.</exception>
    public static void Check(ErrorCode error, string? message, string what)
    {
        if (error != ErrorCode.None)
        {
            throw new KafkaException(error, $"{what}: {message ?? "rejected"}");
        }
    }
}
