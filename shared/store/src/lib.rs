//! The one table: keys, items and conditions over DynamoDB.
