using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>
/// What the controller decided: records to append, and the response to give once they are committed (style: decide, append, replay).
/// </summary>
/// <remarks>
/// A response may rest on earlier records that are not committed yet, also when it has none of its own. Give it only when the log is
/// committed up to where the controller had replayed when it decided.
/// </remarks>
/// <typeparam name="T">The response.</typeparam>
/// <param name="Records">The records in order; all or none of them may be appended, and nothing between them.</param>
/// <param name="Response">The response.</param>
public sealed record ControllerResult<T>(IReadOnlyList<IMetadataRecord> Records, T Response);
