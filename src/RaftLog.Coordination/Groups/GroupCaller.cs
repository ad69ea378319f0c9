using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups;

/// <summary>Who sends a request to the group coordinator, and in which version.</summary>
/// <param name="Request">Names the request until it has its response.</param>
/// <param name="ApiVersion">The version of the request, which the response has too.</param>
/// <param name="ClientId">The client id of the request's header; empty where there is none.</param>
/// <param name="ClientHost">The address it comes from, as groups show it (<c>/127.0.0.1</c>).</param>
/// <param name="FreshId">16 random bytes, drawn for this request; they become a member id where one has to be made.</param>
public readonly record struct GroupCaller(RequestToken Request, short ApiVersion, string ClientId, string ClientHost, Uuid FreshId);
