using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Control;

/// <summary>
/// The responses to requests for the active controller when there is none to decide: every part of the request gets the same error, in the
/// place where its client looks for it.
/// </summary>
internal static class ErrorResponses
{
    public static CreateTopicsResponse Of(CreateTopicsRequest request, ErrorCode error) =>
        new()
        {
            Topics =
            [
                .. request.Topics.Select(topic => new CreateTopicsResponse.CreatableTopicResult
                {
                    Name = topic.Name,
                    ErrorCode = error,
                    ErrorMessage = Text(error),
                }),
            ],
        };

    public static DeleteTopicsResponse Of(DeleteTopicsRequest request, ErrorCode error) =>
        new()
        {
            Responses =
            [
                .. request.Topics.Select(topic => new DeleteTopicsResponse.DeletableTopicResult
                {
                    Name = topic.Name,
                    TopicId = topic.TopicId,
                    ErrorCode = error,
                    ErrorMessage = Text(error),
                }),
                .. request.TopicNames.Select(name => new DeleteTopicsResponse.DeletableTopicResult
                {
                    Name = name,
                    ErrorCode = error,
                    ErrorMessage = Text(error),
                }),
            ],
        };

    public static CreatePartitionsResponse Of(CreatePartitionsRequest request, ErrorCode error) =>
        new()
        {
            Results =
            [
                .. request.Topics.Select(topic => new CreatePartitionsResponse.CreatePartitionsTopicResult
                {
                    Name = topic.Name,
                    ErrorCode = error,
                    ErrorMessage = Text(error),
                }),
            ],
        };

    public static ElectLeadersResponse Of(ElectLeadersRequest request, ErrorCode error) => new() { ErrorCode = error };

    public static IncrementalAlterConfigsResponse Of(IncrementalAlterConfigsRequest request, ErrorCode error) =>
        new()
        {
            Responses =
            [
                .. request.Resources.Select(each => new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
                {
                    ResourceType = each.ResourceType,
                    ResourceName = each.ResourceName,
                    ErrorCode = error,
                    ErrorMessage = Text(error),
                }),
            ],
        };

    public static AlterConfigsResponse Of(AlterConfigsRequest request, ErrorCode error) =>
        new()
        {
            Responses =
            [
                .. request.Resources.Select(each => new AlterConfigsResponse.AlterConfigsResourceResponse
                {
                    ResourceType = each.ResourceType,
                    ResourceName = each.ResourceName,
                    ErrorCode = error,
                    ErrorMessage = Text(error),
                }),
            ],
        };

    public static AlterPartitionReassignmentsResponse Of(AlterPartitionReassignmentsRequest request, ErrorCode error) =>
        new()
        {
            AllowReplicationFactorChange = request.AllowReplicationFactorChange,
            ErrorCode = error,
            ErrorMessage = Text(error),
        };

    public static ListPartitionReassignmentsResponse Of(ListPartitionReassignmentsRequest request, ErrorCode error) =>
        new() { ErrorCode = error, ErrorMessage = Text(error) };

    public static UpdateFeaturesResponse Of(UpdateFeaturesRequest request, ErrorCode error) =>
        new() { ErrorCode = error, ErrorMessage = Text(error) };

    public static UnregisterBrokerResponse Of(UnregisterBrokerRequest request, ErrorCode error) =>
        new() { ErrorCode = error, ErrorMessage = Text(error) };

    public static AlterPartitionResponse Of(AlterPartitionRequest request, ErrorCode error) => new() { ErrorCode = error };

    public static BrokerRegistrationResponse Of(BrokerRegistrationRequest request, ErrorCode error) => new() { ErrorCode = error };

    public static BrokerHeartbeatResponse Of(BrokerHeartbeatRequest request, ErrorCode error) => new() { ErrorCode = error };

    public static AllocateProducerIdsResponse Of(AllocateProducerIdsRequest request, ErrorCode error) => new() { ErrorCode = error };

    public static ControllerRegistrationResponse Of(ControllerRegistrationRequest request, ErrorCode error) =>
        new() { ErrorCode = error, ErrorMessage = Text(error) };

    public static AssignReplicasToDirsResponse Of(AssignReplicasToDirsRequest request, ErrorCode error) => new() { ErrorCode = error };

    /// <summary>
    /// True when a response says that its sender is not the active controller, so that another node must be asked. A controller of this
    /// program says so only when it has decided nothing.
    /// </summary>
    public static bool IsNotController(object response) =>
        response is DescribeQuorumResponse all
            ? all.Topics.Exists(topic => topic.Partitions.Exists(each => each.ErrorCode == ErrorCode.NotLeaderOrFollower))
            : Has(response, ErrorCode.NotController);

    /// <summary>
    /// True when a response says that the controller lost its office before its decision was committed: it may or may not come into force.
    /// </summary>
    public static bool IsUndecided(object response) => Has(response, ErrorCode.RequestTimedOut);

    private static bool Has(object response, ErrorCode error) =>
        response switch
        {
            CreateTopicsResponse all => all.Topics.Exists(each => each.ErrorCode == error),
            DeleteTopicsResponse all => all.Responses.Exists(each => each.ErrorCode == error),
            CreatePartitionsResponse all => all.Results.Exists(each => each.ErrorCode == error),
            IncrementalAlterConfigsResponse all => all.Responses.Exists(each => each.ErrorCode == error),
            AlterConfigsResponse all => all.Responses.Exists(each => each.ErrorCode == error),
            ElectLeadersResponse all => all.ErrorCode == error,
            AlterPartitionReassignmentsResponse all => all.ErrorCode == error,
            ListPartitionReassignmentsResponse all => all.ErrorCode == error,
            UpdateFeaturesResponse all => all.ErrorCode == error,
            UnregisterBrokerResponse all => all.ErrorCode == error,
            AlterPartitionResponse all => all.ErrorCode == error,
            BrokerRegistrationResponse all => all.ErrorCode == error,
            BrokerHeartbeatResponse all => all.ErrorCode == error,
            AllocateProducerIdsResponse all => all.ErrorCode == error,
            ControllerRegistrationResponse all => all.ErrorCode == error,
            AssignReplicasToDirsResponse all => all.ErrorCode == error,
            _ => false,
        };

    private static string Text(ErrorCode error) =>
        error == ErrorCode.NotController
            ? "This node is not the active controller."
            : "No active controller has answered; the request may have been carried out.";
}
